#pragma once

#include <cstddef>
#include <string_view>

namespace masar::sms {

/// How many parts a text takes in UCS-2 (`coding=2`): up to 70 UTF-16 units are one, beyond that 67
/// each, since every part carries a header (measured with Kannel 1.4.5: 70→1, 71→2, 134→2, 135→3).
/// Kannel cuts by units, also between the two of a surrogate pair, which the phone joins again. 0
/// for no text. For well-formed UTF-8.
std::size_t parts_of(std::string_view utf8);

}  // namespace masar::sms
