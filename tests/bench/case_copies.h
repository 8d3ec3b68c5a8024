#pragma once

#include <cstddef>
#include <string>

namespace masar::bench {

/// What the keys and message ids of copy 0 begin with, as the engine was given them; copy number k
/// has k in the place of the zeros.
std::string copy_name(std::size_t copy);

/// Makes many open cases of those that the engine has opened in an SQLite store that nothing has
/// open: every row of theirs `copies` times, with keys, message ids and partitions of their own,
/// and nothing else than the engine would have written. Copies of one row follow it at its stamp,
/// so that ids rise with stamps and have no gaps, and the audit log's chain is linked anew. What is
/// not computed anew is the digest of a duplicate key: a copy's message that came again would count
/// as one with other content.
///
/// Throws std::runtime_error.
void copy_cases(const std::string& store, std::size_t copies);

}  // namespace masar::bench
