#include "core/config/fields.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "core/base/text.h"

namespace masar::config {
namespace {

constexpr int kPortMax = 65535;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A name of ours, or a qualified name: letters, digits and `_ - . :`, a letter or `_` first.
bool is_name(std::string_view text) {
  if (text.empty() || !(is_letter(text[0]) || text[0] == '_')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == ':';
  });
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// host:port with the host not empty, an IPv6 host in brackets.
bool is_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.front() == '[' && host.back() == ']';
  if (host.find_first_of(" /@") != std::string_view::npos) return false;
  if (!bracketed && host.find(':') != std::string_view::npos) return false;
  if (port.empty() || !is_digit(port[0])) return false;
  const auto number = parse_integer(port);
  return number && *number <= kPortMax;
}

bool is_url(std::string_view text) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::string_view rest = text.substr(scheme.size());
    return !rest.empty() && rest[0] != '/' &&
           rest.find_first_of(" \t\r\n") == std::string_view::npos;
  }
  return false;
}

bool is_path(std::string_view text) {
  if (text.empty()) return false;
  while (!text.empty()) {
    const std::size_t slash = text.find('/');
    if (text.substr(0, slash) == "..") return false;
    text = slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1);
  }
  return true;
}

bool is_secret(std::string_view text) {
  constexpr std::string_view kPrefix = "secret:";
  return text.starts_with(kPrefix) && is_name(text.substr(kPrefix.size()));
}

std::vector<std::string> strings(const std::vector<std::string_view>& views) {
  return {views.begin(), views.end()};
}

/// What to write instead; empty where the value fits its kind.
std::string complaint(const Field& field, const std::string& value) {
  switch (field.kind) {
    case Kind::text:
      return {};
    case Kind::name:
      return is_name(value) ? "" : "write a name: letters, digits, - _ . and a letter first";
    case Kind::integer:
      return parse_integer(value) ? "" : "write an integer, such as 5";
    case Kind::boolean:
      return value == "true" || value == "false" ? "" : "write true or false";
    case Kind::duration: {
      const auto span = parse_span(value);
      return span && span->working_days == 0 ? "" : "write a duration, such as PT30S or P3D";
    }
    case Kind::span:
      return parse_span(value) ? "" : "write a duration (PT30S, P3D) or working days (P2WD)";
    case Kind::choice:
      return std::find(field.choices.begin(), field.choices.end(), value) != field.choices.end()
                 ? ""
                 : suggest(value, strings(field.choices));
    case Kind::bytes: {
      const auto number = parse_integer(value);
      return number && *number >= 0 ? "" : "write a number of bytes, such as 1048576";
    }
    case Kind::address:
      return is_address(value) ? "" : "write host:port, such as 127.0.0.1:8080";
    case Kind::url:
      return is_url(value) ? "" : "write a URL, such as http://127.0.0.1:8080/path";
    case Kind::secret:
      return is_secret(value) ? "" : "write secret:NAME, NAME being a file of the secrets";
    case Kind::path:
      return is_path(value) ? "" : "write a path without ..";
    case Kind::expression:
      return trim(value).empty() ? "write an expression" : "";
  }
  return {};
}

std::string written(const Name& name) {
  return name.prefix.empty() ? name.local : name.prefix + ':' + name.local;
}

void check_children(const ElementTable& table, const Element& element, Diagnostics& diagnostics) {
  if (std::find(table.children.begin(), table.children.end(), "*") != table.children.end()) return;
  for (const Element* child : element.elements()) {
    const std::string name = written(child->name);
    if (std::find(table.children.begin(), table.children.end(), name) != table.children.end()) {
      continue;
    }
    diagnostics.add(child->place,
                    "<" + name + "> is not allowed in <" + std::string(table.element) + ">",
                    suggest(name, strings(table.children)));
  }
}

}  // namespace

Values::Values(const ElementTable& table, const Element& element, Diagnostics& diagnostics)
    : table_(&table), element_(&element) {
  std::vector<std::string> known;
  for (const Field& field : table.fields) {
    values_.emplace_back(field.fallback);
    known.emplace_back(field.name);
  }
  std::vector<bool> seen(table.fields.size());
  for (const Attribute& attribute : element.attributes) {
    const std::string name = written(attribute.name);
    if (attribute.name.prefix == "xml") continue;
    const auto at = static_cast<std::size_t>(
        std::find(known.begin(), known.end(), name) - known.begin());
    if (at == known.size()) {
      diagnostics.add(attribute.place,
                      "<" + std::string(table.element) + "> has no attribute \"" + name + "\"",
                      suggest(name, known));
      continue;
    }
    seen[at] = true;
    const std::string hint = complaint(table.fields[at], attribute.value);
    if (hint.empty()) {
      values_[at] = attribute.value;
    } else {
      // A secret that was written out must not come to light in the complaint about it.
      const bool shown = table.fields[at].kind != Kind::secret;
      diagnostics.add(attribute.value_place,
                      shown ? "\"" + attribute.value + "\" does not fit " + name
                            : "the value does not fit " + name,
                      hint);
    }
  }
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (!table.fields[i].required || seen[i]) continue;
    diagnostics.add(element.place,
                    "<" + std::string(table.element) + "> needs the attribute \"" + known[i] + "\"",
                    std::string(table.fields[i].meaning));
  }
  check_children(table, element, diagnostics);
}

bool Values::has(std::string_view field) const {
  return std::any_of(element_->attributes.begin(), element_->attributes.end(),
                     [&](const Attribute& each) { return written(each.name) == field; });
}

const std::string& Values::raw(std::string_view field) const {
  for (std::size_t i = 0; i < table_->fields.size(); ++i) {
    if (table_->fields[i].name == field) return values_[i];
  }
  throw std::logic_error("no field " + std::string(field) + " in the table of " +
                         std::string(table_->element));
}

const std::string& Values::text(std::string_view field) const { return raw(field); }

std::int64_t Values::integer(std::string_view field) const {
  return parse_integer(raw(field)).value_or(0);
}

bool Values::boolean(std::string_view field) const { return raw(field) == "true"; }

Duration Values::duration(std::string_view field) const { return span(field).fixed; }

Span Values::span(std::string_view field) const {
  return parse_span(raw(field)).value_or(Span{});
}

Place Values::place(std::string_view field) const {
  for (const Attribute& attribute : element_->attributes) {
    if (written(attribute.name) == field) return attribute.value_place;
  }
  return element_->place;
}

}  // namespace masar::config
