#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace masar {

/// An amount of Jordanian money in fils (1 JOD = 1000 fils). An integer: no double comes near an
/// amount (DESIGN D9). Arithmetic that leaves ±10^15 fils throws Error(rejected,
/// "amount-out-of-range").
struct Fils {
  std::int64_t amount = 0;
  auto operator<=>(const Fils&) const = default;
};

Fils operator+(Fils a, Fils b);
Fils operator-(Fils a, Fils b);
Fils operator*(Fils a, std::int64_t factor);
/// a × numerator / denominator, half away from zero to the fils. denominator > 0.
Fils proportion(Fils a, std::int64_t numerator, std::int64_t denominator);

/// decimal(12,3): an optional minus, 1–9 integer digits, then nothing or a point and 1–3 digits;
/// ASCII only, no plus, no exponent, no spaces. No value where the text is anything else.
std::optional<Fils> parse_jod(std::string_view text);
/// Always three decimals: `12.345`.
std::string format_jod(Fils amount);

}  // namespace masar
