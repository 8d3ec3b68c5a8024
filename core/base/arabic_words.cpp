#include "core/base/arabic_words.h"

#include <array>
#include <string_view>

#include "core/base/error.h"

namespace masar {
namespace {

/// A masculine noun as numbers ask for it. `dual_of`: the dual before a genitive.
struct Noun {
  std::string_view one, dual, dual_of, plural, accusative;
};

constexpr Noun kDinar{"دينار", "ديناران", "دينارا", "دنانير", "ديناراً"};
constexpr Noun kFils{"فلس", "فلسان", "فلسا", "فلوس", "فلساً"};

struct Scale {
  std::int64_t value;
  Noun noun;
};
constexpr std::array<Scale, 3> kScales{{
    {1'000'000'000, {"مليار", "ملياران", "مليارا", "مليارات", "ملياراً"}},
    {1'000'000, {"مليون", "مليونان", "مليونا", "ملايين", "مليوناً"}},
    {1'000, {"ألف", "ألفان", "ألفا", "آلاف", "ألفاً"}},
}};

// Of masculine things; 3 to 10 therefore in the feminine form.
constexpr std::array<std::string_view, 11> kUnits{
    "", "واحد", "اثنان", "ثلاثة", "أربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة", "عشرة"};
constexpr std::array<std::string_view, 10> kTens{"",      "",      "عشرون", "ثلاثون", "أربعون",
                                                 "خمسون", "ستون", "سبعون", "ثمانون", "تسعون"};
constexpr std::array<std::string_view, 10> kHundreds{
    "",        "مائة",   "مائتان",  "ثلاثمائة", "أربعمائة",
    "خمسمائة", "ستمائة", "سبعمائة", "ثمانمائة", "تسعمائة"};
constexpr std::string_view kHundredsDualOf = "مائتا";

void append(std::string& words, std::string_view more) {
  if (!words.empty()) words += " و";
  words += more;
}

/// What follows a number's last word: a new word or nothing, or the genitive that it is bound to.
enum class Form { alone, bound };

std::string count_of(std::int64_t number, const Noun& noun, Form form);

/// 3 to 99.
std::string below_hundred(std::int64_t number) {
  if (number <= 10) return std::string(kUnits[static_cast<std::size_t>(number)]);
  const auto unit = static_cast<std::size_t>(number % 10);
  const auto ten = static_cast<std::size_t>(number / 10);
  if (ten == 1) {
    if (unit == 1) return "أحد عشر";
    if (unit == 2) return "اثنا عشر";
    return std::string(kUnits[unit]) + " عشر";
  }
  std::string words(kUnits[unit]);
  append(words, kTens[ten]);
  return words;
}

/// Whole hundreds, at least one.
std::string hundreds(std::int64_t number, Form form) {
  std::string words;
  for (const Scale& scale : kScales) {
    const std::int64_t times = number / scale.value;
    number %= scale.value;
    if (times > 0) append(words, count_of(times, scale.noun, number == 0 ? form : Form::alone));
  }
  const auto hundred = static_cast<std::size_t>(number / 100);
  if (hundred == 2 && form == Form::bound) {
    append(words, kHundredsDualOf);
  } else if (hundred > 0) {
    append(words, kHundreds[hundred]);
  }
  return words;
}

/// `number` (at least 1) of the noun.
std::string count_of(std::int64_t number, const Noun& noun, Form form) {
  const std::int64_t rest = number % 100;
  std::string words;
  if (number >= 100) {
    const bool bound = rest < 3;  // the hundreds have the noun behind themselves
    words = hundreds(number - rest, bound ? Form::bound : Form::alone);
    if (bound) words += " " + std::string(noun.one);
  }
  if (rest == 1) {
    append(words, noun.one);
  } else if (rest == 2) {
    append(words, form == Form::bound ? noun.dual_of : noun.dual);
  } else if (rest > 2) {
    append(words, below_hundred(rest) + " ");
    if (rest <= 10) {
      words += noun.plural;
    } else {
      words += form == Form::bound ? noun.one : noun.accusative;
    }
  }
  return words;
}

/// The same; one of something whole is said so.
std::string amount_of(std::int64_t number, const Noun& noun) {
  return count_of(number, noun, Form::alone) + (number % 100 == 1 ? " واحد" : "");
}

}  // namespace

std::string arabic_words(Fils amount) {
  if (amount.amount < 0)
    throw Error(ErrorKind::rejected, "negative-amount", "an amount in words is not below 0");
  const std::int64_t dinars = amount.amount / 1000, fils = amount.amount % 1000;
  std::string words;
  if (dinars > 0) words = amount_of(dinars, kDinar);
  if (fils > 0) append(words, amount_of(fils, kFils));
  return words.empty() ? "صفر " + std::string(kDinar.one) : words;
}

}  // namespace masar
