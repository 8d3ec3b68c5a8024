#pragma once

#include <string>
#include <vector>

namespace masar::admin {

/// One line as RFC 4180 has it, CRLF included: a cell with a comma, a quote or a line end stands in
/// quotes. A cell that a spreadsheet would take for a formula (it begins with = + - @, TAB or CR)
/// gets an apostrophe before it; who needs its exact text takes the JSON.
std::string csv_line(const std::vector<std::string>& cells);

}  // namespace masar::admin
