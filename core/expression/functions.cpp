#include "core/expression/functions.h"

#include <algorithm>

#include "core/expression/call.h"

namespace masar::expression {

namespace {

using enum Want;
constexpr std::uint8_t kAny = 0xFF;

constexpr Builtin call_of(std::string_view name,
                          std::array<Want, Builtin::kParametersMax> parameters, int least, int most,
                          Gives gives, Value (*body)(Call&), std::string_view meaning) {
  return {name,
          parameters,
          static_cast<std::uint8_t>(least),
          static_cast<std::uint8_t>(most),
          gives,
          Form::call,
          body,
          meaning};
}

constexpr Builtin form_of(std::string_view name,
                          std::array<Want, Builtin::kParametersMax> parameters, int least, int most,
                          Gives gives, Form form, std::string_view meaning) {
  return {name,
          parameters,
          static_cast<std::uint8_t>(least),
          static_cast<std::uint8_t>(most),
          gives,
          form,
          nullptr,
          meaning};
}

// In the order of README.md.
constexpr Builtin kBuiltins[] = {
    call_of("true", {}, 0, 0, Gives::boolean, body::true_value, "the boolean"),
    call_of("false", {}, 0, 0, Gives::boolean, body::false_value, "the boolean"),
    form_of("not", {boolean}, 1, 1, Gives::boolean, Form::negate, "the opposite"),
    form_of("exists", {any}, 1, 1, Gives::boolean, Form::exists,
            "false for an unset value, no nodes, an empty list or table, else true"),
    form_of("default", {scalar, same}, 2, 2, Gives::first, Form::default_value,
            "the first part, or the second where the first is unset; also for lists and tables"),

    call_of("text", {scalar}, 1, 1, Gives::text, body::conversion_text,
            "the text form: 12.345, 2026-01-04, 2026-01-04T05:00:00Z, PT72H, true"),
    call_of("integer", {text}, 1, 1, Gives::integer, body::conversion_integer,
            "digits, with a minus or without; nothing else"),
    call_of("fils", {text}, 1, 1, Gives::fils, body::conversion_fils,
            "an amount in dinars, at most three decimals: 12.345"),
    call_of("date", {text}, 1, 1, Gives::date, body::conversion_date, "yyyy-MM-dd"),
    call_of("instant", {text}, 1, 1, Gives::instant, body::conversion_instant,
            "xs:dateTime with Z or an offset"),
    call_of("duration", {text}, 1, 1, Gives::duration, body::conversion_duration,
            "ISO 8601, weeks to seconds: PT72H"),
    call_of("boolean", {text}, 1, 1, Gives::boolean, body::conversion_boolean,
            "true, false, 1 or 0"),

    call_of("ascii-digits", {text}, 1, 1, Gives::text, body::ascii_digits,
            "Arabic-Indic digits become 0–9"),
    call_of("translate-digits", {text}, 1, 1, Gives::text, body::translate_digits,
            "the reverse: 0–9 become Arabic-Indic digits"),
    call_of("jordan-mobile", {text}, 1, 1, Gives::text, body::jordan_mobile,
            "9627XXXXXXXX from the ways in which it is written; unset where it is no such number"),
    call_of("jordanian-phone", {text}, 1, 1, Gives::text, body::jordan_mobile,
            "another name of jordan-mobile"),
    call_of("clean-text", {text}, 1, 1, Gives::text, body::clean_text,
            "without bidirectional, zero-width and control characters; line ends become spaces"),
    call_of("trim", {text}, 1, 1, Gives::text, body::trim, "without white space at both ends"),
    call_of("normalize-space", {text}, 1, 1, Gives::text, body::normalize_space,
            "trimmed, and each white space inside is one space"),
    call_of("upper-case", {text}, 1, 1, Gives::text, body::upper_case, "a–z become A–Z"),
    call_of("lower-case", {text}, 1, 1, Gives::text, body::lower_case, "A–Z become a–z"),
    form_of("concat", {scalar, scalar}, 2, kAny, Gives::text, Form::concat,
            "the text forms, one after the other"),
    call_of("string-length", {text}, 1, 1, Gives::integer, body::string_length,
            "characters (code points)"),
    call_of("substring", {text, integer, integer}, 2, 3, Gives::text, body::substring,
            "from a character on, counted from 1, as many as the third part says or all"),
    call_of("starts-with", {text, text}, 2, 2, Gives::boolean, body::starts_with,
            "whether the first starts with the second"),
    call_of("ends-with", {text, text}, 2, 2, Gives::boolean, body::ends_with,
            "whether the first ends with the second"),
    call_of("contains", {text, text}, 2, 2, Gives::boolean, body::contains,
            "whether the second stands in the first"),
    form_of("matches", {text, literal}, 2, 2, Gives::boolean, Form::matches,
            "whether the pattern (ECMAScript, without back references) is found; ^ and $ for all "
            "of the text"),
    call_of("replace-text", {text, text, text}, 3, 3, Gives::text, body::replace_text,
            "each occurrence of the second becomes the third"),
    call_of("split", {text, text}, 2, 2, Gives::texts, body::split,
            "the parts between the separators; an empty text has none"),
    call_of("join", {texts, text}, 2, 2, Gives::text, body::join,
            "the items with the separator between them"),
    call_of("sha256-hex", {text}, 1, 1, Gives::text, body::sha256_hex, "64 hexadecimal digits"),
    call_of("luhn-valid", {text}, 1, 1, Gives::boolean, body::luhn_valid,
            "whether it is digits that end in their Luhn check digit"),

    form_of("count", {countable}, 1, 1, Gives::integer, Form::count,
            "how many nodes, items or rows"),
    call_of("sum", {numbers}, 1, 1, Gives::item, body::sum, "of nothing: 0"),
    call_of("index", {list, integer}, 2, 2, Gives::item, body::index,
            "the item at a position, counted from 1; unset where there is none"),
    call_of("first", {list}, 1, 1, Gives::item, body::first, "unset for an empty list"),
    call_of("last", {list}, 1, 1, Gives::item, body::last, "unset for an empty list"),
    call_of("contains-item", {list, item}, 2, 2, Gives::boolean, body::contains_item,
            "whether the value is an item of the list"),
    call_of("distinct", {list}, 1, 1, Gives::list, body::distinct,
            "each item once, where it stands first"),
    form_of("row", {table, key}, 2, 2, Gives::row, Form::row,
            "the row whose first column is the key; unset where there is none"),
    form_of("lookup", {literal, text, literal}, 2, 3, Gives::text, Form::lookup,
            "the column (or the first) of the key's row in a lookup file; no-such-row without it"),
    form_of("lookup-or", {literal, text, literal, text}, 4, 4, Gives::text, Form::lookup_or,
            "the same, or the last part where there is no such row"),

    call_of("jod", {fils}, 1, 1, Gives::text, body::jod,
            "in dinars, always three decimals: 12.345"),
    call_of("arabic-words", {fils}, 1, 1, Gives::text, body::arabic_words,
            "the amount in Arabic words, dinars and fils; bad-value below 0"),
    call_of("fils-integer", {fils}, 1, 1, Gives::integer, body::fils_integer,
            "the number of fils; the way back is fils('0.001') * n"),
    call_of("proportion", {fils, integer, integer}, 3, 3, Gives::fils, body::proportion,
            "amount × second / third, half up to the fils"),
    call_of("percent", {fils, integer}, 2, 2, Gives::fils, body::percent,
            "as many hundredths of the amount, half up to the fils"),

    call_of("date-of", {instant}, 1, 1, Gives::date, body::date_of, "the local day"),
    call_of("local-time", {instant}, 1, 1, Gives::text, body::local_time,
            "the local time without zone: 2026-01-04T08:00:00"),
    call_of("local-instant", {text}, 1, 1, Gives::instant, body::local_instant,
            "the reverse: a local time without zone"),
    call_of("iso", {instant}, 1, 1, Gives::text, body::iso,
            "the local time with its offset: 2026-01-04T08:00:00+03:00"),
    call_of("ceil-seconds", {instant}, 1, 1, Gives::instant, body::ceil_seconds,
            "rounded up to the full second"),
    call_of("days", {integer}, 1, 1, Gives::duration, body::days, "days of 24 hours"),
    call_of("hours", {integer}, 1, 1, Gives::duration, body::hours, "hours"),
    call_of("minutes", {integer}, 1, 1, Gives::duration, body::minutes, "minutes"),
};

std::string_view gives_name(Gives gives) {
  switch (gives) {
    case Gives::text: return "text";
    case Gives::integer: return "integer";
    case Gives::fils: return "fils";
    case Gives::date: return "date";
    case Gives::instant: return "instant";
    case Gives::duration: return "duration";
    case Gives::boolean: return "boolean";
    case Gives::texts: return "list of text";
    case Gives::item: return "item";
    case Gives::list: return "list";
    case Gives::row: return "row";
    case Gives::first: return "the same";
  }
  return "";
}

}  // namespace

std::span<const Builtin> builtins() { return kBuiltins; }

const Builtin* find_builtin(std::string_view name) {
  const auto* found = std::find_if(std::begin(kBuiltins), std::end(kBuiltins),
                                   [&](const Builtin& builtin) { return builtin.name == name; });
  return found == std::end(kBuiltins) ? nullptr : found;
}

std::string_view want_name(Want want) {
  switch (want) {
    case none: return "nothing";
    case text: return "text";
    case integer: return "integer";
    case fils: return "fils";
    case date: return "date";
    case instant: return "instant";
    case duration: return "duration";
    case boolean: return "boolean";
    case scalar: return "scalar";
    case list: return "list";
    case texts: return "list of text";
    case numbers: return "list of integer, fils or duration";
    case table: return "table";
    case countable: return "nodes, list or table";
    case any: return "any";
    case item: return "item";
    case key: return "key";
    case same: return "the same";
    case literal: return "'text'";
  }
  return "";
}

std::string signature(const Builtin& builtin) {
  std::string text(builtin.name);
  text += "(";
  const std::size_t shown = builtin.most == kAny ? builtin.least : builtin.most;
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += ", ";
    const std::string name(want_name(builtin.parameters[i]));
    text += i < builtin.least ? name : "[" + name + "]";
  }
  if (builtin.most == kAny) text += ", …";
  return text + ") → " + std::string(gives_name(builtin.gives));
}

}  // namespace masar::expression
