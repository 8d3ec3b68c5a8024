#include "core/message/xsd_value.h"

#include <algorithm>

#include "core/base/text.h"

namespace masar {
namespace {

constexpr std::int64_t kNanos = 1'000'000'000;
constexpr std::size_t kDigitsMax = 9;  // on either side of the point: so that nanos fit 64 bits

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

struct Decimal {
  std::int64_t nanos = 0;
  std::size_t whole_digits = 0;
  std::size_t fraction_digits = 0;
};

/// `-?d{1,9}(.d{1,9})?`, without a negative zero.
std::optional<Decimal> read_decimal(std::string_view text) {
  Decimal decimal;
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const bool negative = at == 1;
  std::int64_t whole = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    if (++decimal.whole_digits > kDigitsMax) return std::nullopt;
    whole = whole * 10 + (text[at] - '0');
  }
  std::int64_t fraction = 0;
  std::int64_t unit = kNanos;
  if (at < text.size() && text[at] == '.') {
    for (++at; at < text.size() && is_digit(text[at]); ++at) {
      if (++decimal.fraction_digits > kDigitsMax) return std::nullopt;
      unit /= 10;
      fraction += (text[at] - '0') * unit;
    }
    if (decimal.fraction_digits == 0) return std::nullopt;
  }
  if (at != text.size() || decimal.whole_digits == 0) return std::nullopt;
  decimal.nanos = whole * kNanos + fraction;
  if (negative && decimal.nanos == 0) return std::nullopt;
  if (negative) decimal.nanos = -decimal.nanos;
  return decimal;
}

/// Two digits at `at`, or 100.
int two(std::string_view text, std::size_t at) {
  if (text.size() < at + 2 || !is_digit(text[at]) || !is_digit(text[at + 1])) return 100;
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

/// `dddd-dd-dd` that stands in the calendar; takes it off the text.
bool take_date(std::string_view& text) {
  const int century = two(text, 0);
  const int rest = two(text, 2);
  const int month = two(text, 5);
  const int day = two(text, 8);
  if (century == 100 || rest == 100 || month < 1 || month > 12 || text[4] != '-' ||
      text[7] != '-') {
    return false;
  }
  const int year = century * 100 + rest;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int last = month == 2 && leap ? 29 : kDays[month - 1];
  if (year == 0 || day < 1 || day > last) return false;
  text.remove_prefix(10);
  return true;
}

bool take_time(std::string_view& text) {
  if (text.size() < 9 || text[0] != 'T' || text[3] != ':' || text[6] != ':') return false;
  if (two(text, 1) > 23 || two(text, 4) > 59 || two(text, 7) > 59) return false;
  text.remove_prefix(9);
  if (!text.starts_with('.')) return true;
  std::size_t digits = 0;
  while (digits + 1 < text.size() && is_digit(text[digits + 1])) ++digits;
  if (digits == 0 || digits > kDigitsMax) return false;
  text.remove_prefix(digits + 1);
  return true;
}

bool is_zone(std::string_view text) {
  if (text.empty() || text == "Z") return true;
  return text.size() == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':' &&
         two(text, 1) <= 13 && two(text, 4) <= 59;
}

/// `scheme:` and what then needs no escaping, as far as one need not look twice.
bool is_plain_uri(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == text.size()) return false;
  if (!std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), is_letter)) {
    return false;
  }
  text.remove_prefix(colon + 1);
  const bool has_host = text.starts_with("//");
  if (has_host) text.remove_prefix(2);
  if (text.empty() || !(is_letter(text[0]) || is_digit(text[0]))) return false;
  return std::all_of(text.begin(), text.end(), [has_host](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '/' ||
           (c == ':' && !has_host);
  });
}

}  // namespace

std::optional<XsdValue> XsdValue::built_in(std::string_view name) {
  XsdValue type;
  const auto of = [&type](Base base) {
    type.base = base;
    return type;
  };
  if (name == "string") return type;
  if (name == "decimal") return of(Base::decimal);
  if (name == "boolean") return of(Base::boolean);
  if (name == "date") return of(Base::date);
  if (name == "dateTime") return of(Base::date_time);
  if (name == "anyURI") return of(Base::uri);
  if (name == "positiveInteger")
    type.nanos_min = kNanos;
  else if (name == "nonNegativeInteger")
    type.nanos_min = 0;
  else if (name != "integer")
    return std::nullopt;
  return of(Base::integer);
}

bool XsdValue::narrow(std::string_view facet, std::string_view value) {
  const auto number = read_decimal(value);
  if (!number || !members.empty()) return false;
  const bool numeric = base == Base::decimal || base == Base::integer;
  const auto count = static_cast<std::size_t>(number->nanos / kNanos);
  const bool counts = number->nanos >= 0 && number->fraction_digits == 0;
  if (facet == "minLength" && base == Base::text && counts) {
    length_min = std::max(length_min, count);
  } else if (facet == "maxLength" && base == Base::text && counts) {
    length_max = std::min(length_max, count);
  } else if (facet == "totalDigits" && numeric && counts) {
    digits_max = std::min(digits_max, count);
  } else if (facet == "fractionDigits" && numeric && counts) {
    fraction_digits_max = std::min(fraction_digits_max, count);
  } else if (facet == "minInclusive" && numeric) {
    nanos_min = std::max(nanos_min, number->nanos);
  } else if (facet == "minExclusive" && numeric) {
    nanos_min = std::max(nanos_min, number->nanos + 1);
  } else if (facet == "maxInclusive" && numeric) {
    nanos_max = std::min(nanos_max, number->nanos);
  } else if (facet == "maxExclusive" && numeric) {
    nanos_max = std::min(nanos_max, number->nanos - 1);
  } else {
    return false;
  }
  return true;
}

bool XsdValue::accepts(std::string_view value) const {
  if (!members.empty()) {
    return std::any_of(members.begin(), members.end(),
                       [value](const XsdValue& member) { return member.accepts(value); });
  }
  switch (base) {
    case Base::text:
      if (length_min > 0 || length_max < value.size()) {
        const std::size_t length = code_points(value);
        if (length < length_min || length > length_max) return false;
      }
      break;
    case Base::decimal:
    case Base::integer: {
      const auto number = read_decimal(value);
      if (!number || (base == Base::integer && number->fraction_digits > 0)) return false;
      if (number->whole_digits + number->fraction_digits > digits_max ||
          number->fraction_digits > fraction_digits_max || number->nanos < nanos_min ||
          number->nanos > nanos_max) {
        return false;
      }
      break;
    }
    case Base::boolean:
      if (value != "true" && value != "false") return false;
      break;
    case Base::date:
    case Base::date_time: {
      std::string_view rest = value;
      if (!take_date(rest) || (base == Base::date_time && !take_time(rest)) || !is_zone(rest)) {
        return false;
      }
      break;
    }
    case Base::uri:
      if (!is_plain_uri(value)) return false;
  }
  return std::all_of(patterns.begin(), patterns.end(),
                     [value](const auto& step) {
                       return std::any_of(step.begin(), step.end(), [value](const auto& each) {
                         return each.accepts(value);
                       });
                     }) &&
         std::all_of(enumerations.begin(), enumerations.end(), [value](const auto& step) {
           return std::find(step.begin(), step.end(), value) != step.end();
         });
}

}  // namespace masar
