#include "ops/admin/csv.h"

#include <string_view>

namespace masar::admin {
namespace {

constexpr std::string_view kBeginsFormula = "=+-@\t\r";
constexpr std::string_view kNeedsQuotes = ",\"\r\n";

std::string csv_cell(const std::string& text) {
  const bool formula = !text.empty() && kBeginsFormula.find(text[0]) != std::string_view::npos;
  const std::string plain = formula ? "'" + text : text;
  if (plain.find_first_of(kNeedsQuotes) == std::string::npos) return plain;
  std::string quoted = "\"";
  for (const char c : plain) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (const auto& cell : cells) {
    if (&cell != &cells.front()) line += ',';
    line += csv_cell(cell);
  }
  return line + "\r\n";
}

}  // namespace masar::admin
