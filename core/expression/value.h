#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <pugixml.hpp>

#include "core/base/money.h"
#include "core/base/time.h"

namespace masar::expression {

/// The types of the language (DESIGN D5). There is no floating-point type.
enum class Kind { text, integer, fils, date, instant, duration, boolean, nodes, list, table, row };

struct Type;
/// Columns of a table or fields of a record, in order.
using Columns = std::vector<std::pair<std::string, Type>>;

struct Type {
  Kind kind = Kind::text;
  Kind item = Kind::text;                  ///< of a list
  std::shared_ptr<const Columns> columns;  ///< of a table or row; columns are scalar
};
bool operator==(const Type& a, const Type& b);
/// "text", "list of fils", "table (department text, total fils)".
std::string type_name(const Type& type);
/// `text integer fils date instant duration boolean`, `list` (of text), `list of fils`; a table's
/// columns come from parse_columns. No value for any other text.
std::optional<Type> parse_type(std::string_view text);
/// `department text, total fils`. No value where it is not that.
std::optional<Columns> parse_columns(std::string_view text);

class Value;
using List = std::vector<Value>;  ///< items of one scalar type
using Row = std::vector<Value>;   ///< one value a column; may be unset
struct Table {
  std::vector<Row> rows;
};
using Nodes =
    std::vector<pugi::xml_node>;  ///< in document order; lives no longer than its document

/// A value of the language, or unset. A value type; immutable use is thread-safe.
class Value {
 public:
  using Data = std::variant<std::monostate, std::string, std::int64_t, Fils, Date, Instant,
                            Duration, bool, Nodes, std::shared_ptr<const List>,  // also of a row
                            std::shared_ptr<const Table>>;
  Value() = default;
  template <typename T>
  explicit Value(T data) : data_(std::move(data)) {}
  static Value text(std::string_view text) { return Value(std::string(text)); }

  bool is_set() const noexcept { return !std::holds_alternative<std::monostate>(data_); }
  /// The value as T. Throws Error(internal, "value-type") where it holds another: the compiler's
  /// fault.
  template <typename T>
  const T& as() const {
    if (auto* value = std::get_if<T>(&data_)) return *value;
    wrong_type();
  }
  const Data& data() const noexcept { return data_; }
  bool operator==(const Value& other) const;

 private:
  [[noreturn]] static void wrong_type();
  Data data_;
};

/// The text form of a scalar, as messages and the store carry it: fils `12.345`, date `2026-01-04`,
/// instant `…Z`, duration `PT72H`, boolean `true`. Throws Error(internal, "value-type") for others
/// and for unset.
std::string to_text(const Value& value);
/// The reverse. Throws Error(rejected, "bad-value") naming the type; never the value.
Value from_text(std::string_view text, Kind kind);

/// A value of any type as children of `parent`: scalar → its text; list → `<item>` each; table →
/// `<row>` each with one element a column (unset columns left out). Nothing for an unset value.
void to_xml(const Value& value, const Type& type, pugi::xml_node parent);
/// The same as bytes at the end of `out`, escaped so that a parser gives back what it was.
void append_xml(const Value& value, const Type& type, std::string& out);
/// The reverse of to_xml over `element` (one that exists); throws Error(rejected, "bad-value")
/// naming the element.
Value from_xml(pugi::xml_node element, const Type& type);

}  // namespace masar::expression
