#include "core/engine/series.h"

#include "core/base/error.h"

namespace masar::engine {
namespace {

constexpr std::int64_t kBlock = 256;

int luhn_digit(const std::string& digits) {
  int sum = 0;
  bool twice = true;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, twice = !twice) {
    const int digit = (*at - '0') * (twice ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return (10 - sum % 10) % 10;
}

}  // namespace

std::string format_serial(std::int64_t value, int digits, bool luhn) {
  std::string text = std::to_string(value);
  const auto width = static_cast<std::size_t>(luhn ? digits - 1 : digits);
  if (text.size() > width)
    throw Error(ErrorKind::internal, "series-exhausted", "the series has no number left");
  text.insert(0, width - text.size(), '0');
  if (luhn) text += static_cast<char>('0' + luhn_digit(text));
  return text;
}

SeriesSource::SeriesSource(const std::vector<Series>& series, store::Store& store,
                           RandomSource random)
    : store_(store), random_(std::move(random)) {
  blocks_.with([&](auto& blocks) {
    for (const auto& one : series) blocks[one.name].series = one;
  });
}

void SeriesSource::start() {
  std::vector<std::string> names;
  blocks_.with([&](auto& blocks) {
    for (auto& [name, block] : blocks) {
      if (block.series.random) continue;
      block.reserving = true;
      names.push_back(name);
    }
  });
  for (const auto& name : names) reserve(name);
}

void SeriesSource::reserve(const std::string& name) {
  store::Transaction transaction;
  transaction.series.emplace_back(name, kBlock);
  store_.submit(std::move(transaction), [this, name](const store::Commit& commit) {
    blocks_.with([&](auto& blocks) {
      Block& block = blocks.find(name)->second;
      block.reserving = false;
      if (commit.status != store::CommitStatus::committed) return;
      const std::int64_t first = commit.series_first.at(0);
      if (block.next == block.end) {
        block.next = first;
        block.end = first + kBlock;
      } else {
        block.spare_first = first;
        block.spare_end = first + kBlock;
      }
    });
  });
}

std::string SeriesSource::next(std::string_view name) {
  bool wanted = false;
  const std::string text = blocks_.with([&](auto& blocks) -> std::string {
    const auto found = blocks.find(name);
    if (found == blocks.end()) {
      throw Error(ErrorKind::config, "unknown-series",
                  "hub.xml declares no series " + std::string(name));
    }
    Block& block = found->second;
    if (block.series.random) return random_code(block.series.digits, random_);
    if (block.next == block.end && block.spare_first != block.spare_end) {
      block.next = block.spare_first;
      block.end = block.spare_end;
      block.spare_first = block.spare_end = 0;
    }
    const bool low = block.end - block.next <= kBlock / 2 && block.spare_first == block.spare_end;
    wanted = low && !block.reserving;
    block.reserving = block.reserving || wanted;
    if (block.next == block.end) return {};
    return format_serial(block.next++, block.series.digits, block.series.luhn);
  });
  if (wanted) reserve(std::string(name));
  if (text.empty()) throw Error(ErrorKind::transient, "series-empty", "numbers are being reserved");
  return text;
}

}  // namespace masar::engine
