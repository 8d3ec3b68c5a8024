#include "core/expression/value.h"

#include <charconv>
#include <utility>

#include "core/base/error.h"

namespace masar::expression {

namespace {

constexpr std::pair<std::string_view, Kind> kScalars[] = {
    {"text", Kind::text},       {"integer", Kind::integer}, {"fils", Kind::fils},
    {"date", Kind::date},       {"instant", Kind::instant}, {"duration", Kind::duration},
    {"boolean", Kind::boolean},
};

std::string_view kind_name(Kind kind) {
  for (const auto& [name, scalar] : kScalars) {
    if (scalar == kind) return name;
  }
  switch (kind) {
    case Kind::nodes: return "nodes";
    case Kind::list: return "list";
    case Kind::table: return "table";
    default: return "row";
  }
}

std::optional<Kind> parse_scalar(std::string_view text) {
  for (const auto& [name, scalar] : kScalars) {
    if (name == text) return scalar;
  }
  return std::nullopt;
}

bool equal_columns(const Type& a, const Type& b) {
  if (a.columns == b.columns) return true;
  if (!a.columns || !b.columns) return false;
  return *a.columns == *b.columns;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool is_column_name(std::string_view name) {
  return !name.empty() && name.find_first_of(" \t\r\n.,$()'\"") == std::string_view::npos;
}

}  // namespace

bool operator==(const Type& a, const Type& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == Kind::list) return a.item == b.item;
  if (a.kind == Kind::table || a.kind == Kind::row) return equal_columns(a, b);
  return true;
}

std::string type_name(const Type& type) {
  std::string name(kind_name(type.kind));
  if (type.kind == Kind::list) return name + " of " + std::string(kind_name(type.item));
  if ((type.kind == Kind::table || type.kind == Kind::row) && type.columns) {
    name += " (";
    for (const auto& [column, scalar] : *type.columns) {
      if (name.back() != '(') name += ", ";
      name += column + " " + std::string(kind_name(scalar.kind));
    }
    name += ")";
  }
  return name;
}

std::optional<Type> parse_type(std::string_view text) {
  text = trimmed(text);
  if (const auto scalar = parse_scalar(text)) return Type{*scalar, Kind::text, nullptr};
  if (text == "list") return Type{Kind::list, Kind::text, nullptr};
  constexpr std::string_view prefix = "list of ";
  if (!text.starts_with(prefix)) return std::nullopt;
  const auto item = parse_scalar(trimmed(text.substr(prefix.size())));
  if (!item) return std::nullopt;
  return Type{Kind::list, *item, nullptr};
}

std::optional<Columns> parse_columns(std::string_view text) {
  Columns columns;
  while (true) {
    const auto comma = text.find(',');
    const std::string_view part = trimmed(text.substr(0, comma));
    const auto space = part.find_first_of(" \t\r\n");
    if (space == std::string_view::npos) return std::nullopt;
    const auto scalar = parse_scalar(trimmed(part.substr(space)));
    const std::string_view name = part.substr(0, space);
    if (!scalar || !is_column_name(name)) return std::nullopt;
    for (const auto& [known, type] : columns) {
      if (known == name) return std::nullopt;
    }
    columns.emplace_back(std::string(name), Type{*scalar, Kind::text, nullptr});
    if (comma == std::string_view::npos) return columns;
    text.remove_prefix(comma + 1);
  }
}

void Value::wrong_type() {
  throw Error(ErrorKind::internal, "value-type",
              "a value of another type than its expression's was asked for");
}

bool Value::operator==(const Value& other) const {
  if (data_.index() != other.data_.index()) return false;
  return std::visit(
      [&other](const auto& mine) {
        using T = std::decay_t<decltype(mine)>;
        const T& theirs = std::get<T>(other.data_);
        if constexpr (std::is_same_v<T, std::shared_ptr<const Table>>) {
          return mine == theirs || (mine && theirs && mine->rows == theirs->rows);
        } else if constexpr (std::is_same_v<T, std::shared_ptr<const List>> ||
                             std::is_same_v<T, std::shared_ptr<const Row>>) {
          return mine == theirs || (mine && theirs && *mine == *theirs);
        } else {
          return mine == theirs;
        }
      },
      data_);
}

std::string to_text(const Value& value) {
  return std::visit(
      [&value](const auto& data) -> std::string {
        using T = std::decay_t<decltype(data)>;
        if constexpr (std::is_same_v<T, std::string>) {
          return data;
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          return std::to_string(data);
        } else if constexpr (std::is_same_v<T, Fils>) {
          return format_jod(data);
        } else if constexpr (std::is_same_v<T, Date>) {
          return format_date(data);
        } else if constexpr (std::is_same_v<T, Instant>) {
          return format_instant(data);
        } else if constexpr (std::is_same_v<T, Duration>) {
          return format_duration(data);
        } else if constexpr (std::is_same_v<T, bool>) {
          return data ? "true" : "false";
        } else {
          return value.as<std::string>();  // throws: no text form
        }
      },
      value.data());
}

namespace {

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

template <typename T>
Value checked(std::optional<T> value, Kind kind) {
  if (value) return Value(std::move(*value));
  throw Error(ErrorKind::rejected, "bad-value", "a text is no " + std::string(kind_name(kind)));
}

std::optional<Duration> parse_duration(std::string_view text) {
  const auto span = parse_span(text);
  if (!span || span->working_days != 0) return std::nullopt;
  return span->fixed;
}

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return std::nullopt;
}

}  // namespace

Value from_text(std::string_view text, Kind kind) {
  switch (kind) {
    case Kind::text: return Value::text(text);
    case Kind::integer: return checked(parse_integer(text), kind);
    case Kind::fils: return checked(parse_jod(text), kind);
    case Kind::date: return checked(parse_date(text), kind);
    case Kind::instant: return checked(parse_instant(text), kind);
    case Kind::duration: return checked(parse_duration(text), kind);
    case Kind::boolean: return checked(parse_boolean(text), kind);
    default: throw Error(ErrorKind::internal, "value-type", "only scalars are read from text");
  }
}

}  // namespace masar::expression
