#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace masar::engine {

/// A source of unguessable bytes: that many at each call. Production: masar::random_bytes.
using RandomSource = std::function<std::string(std::size_t)>;

/// Letters and digits that nobody mistakes for one another when read aloud or typed: without 0 and
/// O, 1, I and L, and without U.
inline constexpr const char* kCodeAlphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
inline constexpr int kCodeLeast = 17;  ///< characters; 17 × log2(30) = 83 bits
inline constexpr int kCodeMost = 64;

/// `characters` of the alphabet in groups of five with hyphens between them: `7KQ4M-2ZD8N-…`. Each
/// one is as likely as any other. Throws what `random` throws.
std::string random_code(int characters, const RandomSource& random);

}  // namespace masar::engine
