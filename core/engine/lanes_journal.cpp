// What lanes leave in the journal, and read from there.
#include <iterator>
#include <utility>

#include "core/base/error.h"
#include "core/engine/lanes.h"

namespace masar::engine {
namespace {

constexpr std::size_t kRefill = 256;  ///< rows read from the journal at once, of one lane or case
constexpr std::chrono::milliseconds kReadAgain{200};  ///< after the store could not be read
constexpr std::chrono::milliseconds kFull{5};  ///< until a lane looks whether there is room again

}  // namespace

// Returns when to try again, where it could not read.
std::optional<std::chrono::milliseconds> Lanes::refill(int at) {
  const auto parked = read_parked(at);
  const auto lane = read_lane(at);
  return lane ? lane : parked;
}

// Reads on in the journal once the lane has run dry. A row committed meanwhile is not taken twice:
// `last` tells; nor is it overlooked: `missed` tells.
std::optional<std::chrono::milliseconds> Lanes::read_lane(int at) {
  auto& guarded = lanes_[static_cast<std::size_t>(at)];
  bool full = false;
  std::size_t asked_before = 0;
  const auto after = guarded.with([&](Lane& lane) -> std::optional<store::RowId> {
    if (!lane.behind || !lane.runnable.empty()) return std::nullopt;
    full = bytes_.load() > parts_.bytes_max / 2;
    if (full) return std::nullopt;
    lane.missed = false;
    asked_before = lane.asked.size();
    return lane.last;
  });
  if (full) return kFull;
  if (!after || !open_.load() || stopped_.load()) return std::nullopt;
  std::vector<store::JournalRow> rows;
  try {
    rows = parts_.store.undone_in(at, *after, kRefill);
  } catch (const std::exception&) {
    return kReadAgain;
  }
  guarded.with([&](Lane& lane) {
    for (const auto& row : rows) {
      lane.last = row.id;
      if (!row.case_key.empty()) enqueue(lane, row.case_key, Item{row, {}, {}, {}});
    }
    const bool more = rows.size() == kRefill;
    lane.behind = more || lane.missed;
    if (!lane.behind) asked_before = lane.asked.size();
    let_ask(lane, asked_before, more ? std::optional(rows.back().stamp) : std::nullopt);
  });
  return std::nullopt;
}

// The first `asked_before` questions were asked before the journal was read: all that was committed
// before them has been read, where the reading came to its end, or to a row stamped after them.
void Lanes::let_ask(Lane& lane, std::size_t asked_before, std::optional<Instant> below) {
  Asked still;
  for (std::size_t n = 0; !lane.asked.empty(); ++n) {
    auto& [key, item] = lane.asked.front();
    if (n < asked_before && (!below || item.stamp < *below)) {
      place(lane, std::move(key), std::move(item));
    } else {
      still.push_back(std::move(lane.asked.front()));
    }
    lane.asked.pop_front();
  }
  lane.asked = std::move(still);
}

// An event of the case is tried again: what waits behind it does so in the journal.
void Lanes::leave_in_journal(int at, const std::string& key, store::RowId last) {
  lanes_[static_cast<std::size_t>(at)].with([&](Lane& lane) {
    if (!open_.load()) return;
    CaseQueue& queue = lane.cases[key];
    if (!queue.in_journal) queue.last = last;
    queue.in_journal = true;
    for (auto& item : queue.items) {
      if (item.question) {
        queue.asked.push_back(std::move(item));
        continue;
      }
      waiting_.fetch_sub(1);
      bytes_.fetch_sub(item.bytes());
      queue.missed = true;
    }
    queue.items.clear();
  });
}

std::optional<std::chrono::milliseconds> Lanes::read_parked(int at) {
  auto& guarded = lanes_[static_cast<std::size_t>(at)];
  while (!stopped_.load()) {
    std::string key;
    const bool found = guarded.with([&](Lane& lane) {
      if (lane.parked.empty()) return false;
      key = lane.parked.front();
      return true;
    });
    if (!found) break;
    if (bytes_.load() > parts_.bytes_max / 2) return kFull;
    if (!read_parked(at, key)) return kReadAgain;
  }
  return std::nullopt;
}

// The rows that the lane has passed by; those beyond its `last` it has yet to come to. False: they
// could not be read.
bool Lanes::read_parked(int at, const std::string& key) {
  auto& guarded = lanes_[static_cast<std::size_t>(at)];
  store::RowId after = 0;
  store::RowId passed = 0;
  guarded.with([&](Lane& lane) {
    CaseQueue& queue = lane.cases[key];
    queue.missed = false;
    after = queue.last;
    passed = lane.last;
  });
  std::vector<store::JournalRow> rows;
  try {
    rows = parts_.store.undone(after, kRefill, key);
  } catch (const std::exception&) {
    return false;
  }
  guarded.with([&](Lane& lane) {
    lane.parked.pop_front();
    waiting_.fetch_sub(1);
    CaseQueue& queue = lane.cases[key];
    bool more = rows.size() == kRefill;
    for (auto& row : rows) {
      if (row.id > passed) {
        more = false;
        break;
      }
      queue.last = row.id;
      Item item{std::move(row), {}, {}, {}};
      count(item);
      queue.items.push_back(std::move(item));
    }
    queue.in_journal = more || queue.missed;
    if (!queue.in_journal) {
      std::move(queue.asked.begin(), queue.asked.end(), std::back_inserter(queue.items));
      queue.asked.clear();
    }
    if (!queue.items.empty()) {
      lane.runnable.push_back(key);
    } else if (queue.in_journal) {
      lane.parked.push_back(key);
      waiting_.fetch_add(1);
    } else {
      lane.cases.erase(key);
    }
  });
  return true;
}

}  // namespace masar::engine
