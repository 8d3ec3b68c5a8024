#include "core/base/money.h"

#include "core/base/error.h"

namespace masar {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t kAmountMax = 1'000'000'000'000'000;
constexpr std::size_t kIntegerDigitsMax = 9;
constexpr std::size_t kFractionDigits = 3;

Fils in_range(Wide amount) {
  if (amount > kAmountMax || amount < -kAmountMax) {
    throw Error(ErrorKind::rejected, "amount-out-of-range", "an amount is beyond ±10^15 fils");
  }
  return Fils{static_cast<std::int64_t>(amount)};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Fils operator+(Fils a, Fils b) { return in_range(Wide(a.amount) + b.amount); }
Fils operator-(Fils a, Fils b) { return in_range(Wide(a.amount) - b.amount); }
Fils operator*(Fils a, std::int64_t factor) { return in_range(Wide(a.amount) * factor); }

Fils proportion(Fils a, std::int64_t numerator, std::int64_t denominator) {
  if (denominator <= 0) {
    throw Error(ErrorKind::internal, "bad-proportion", "a proportion needs a denominator above 0");
  }
  Wide product = Wide(a.amount) * numerator;
  Wide absolute = product < 0 ? -product : product;
  Wide quotient = absolute / denominator;
  // Compared by subtraction: twice the remainder cannot overflow, but this needs no proof of it.
  Wide remainder = absolute % denominator;
  if (remainder >= denominator - remainder) ++quotient;
  return in_range(product < 0 ? -quotient : quotient);
}

std::optional<Fils> parse_jod(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  std::int64_t amount = 0;
  std::size_t integers = 0;
  while (integers < text.size() && is_digit(text[integers])) {
    if (integers == kIntegerDigitsMax) return std::nullopt;
    amount = amount * 10 + (text[integers++] - '0');
  }
  if (integers == 0) return std::nullopt;
  text.remove_prefix(integers);
  std::size_t decimals = 0;
  if (!text.empty()) {
    if (text[0] != '.' || text.size() < 2 || text.size() > kFractionDigits + 1) {
      return std::nullopt;
    }
    for (; decimals + 1 < text.size(); ++decimals) {
      if (!is_digit(text[decimals + 1])) return std::nullopt;
      amount = amount * 10 + (text[decimals + 1] - '0');
    }
  }
  for (; decimals < kFractionDigits; ++decimals) amount *= 10;
  return Fils{negative ? -amount : amount};
}

std::string format_jod(Fils amount) {
  auto absolute = static_cast<std::uint64_t>(amount.amount);
  if (amount.amount < 0) absolute = 0 - absolute;
  std::string fraction = std::to_string(absolute % 1000);
  fraction.insert(0, kFractionDigits - fraction.size(), '0');
  return (amount.amount < 0 ? "-" : "") + std::to_string(absolute / 1000) + '.' + fraction;
}

}  // namespace masar
