#include "core/store/recent_rows.h"

#include <utility>

#include "core/base/hash.h"

namespace masar::store {
namespace {

constexpr std::size_t kRowBytes = 256;  // of a row without its texts, and of its places

}  // namespace

std::size_t RecentRows::bytes_of(const OutboxRow& row) {
  std::size_t bytes = kRowBytes + sizeof row;
  for (const std::string* text :
       {&row.id, &row.id, &row.case_key, &row.effect, &row.endpoint, &row.operation, &row.route,
        &row.snapshot, &row.headers, &row.body, &row.code, &row.text, &row.reply, &row.report}) {
    bytes += text->size();
  }
  return bytes;
}

std::size_t RecentRows::bytes_of(const StoredCase& row) {
  std::size_t bytes = kRowBytes + row.search.size();
  for (const auto& [name, value] : row.aliases) bytes += kRowBytes + name.size() + value.size();
  return bytes;
}

template <typename Row>
auto RecentRows::Table<Row>::find(std::string_view key) -> Kept<Row>* {
  const auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : &found->second;
}

template <typename Row>
auto RecentRows::Table<Row>::find(std::string_view key) const -> const Kept<Row>* {
  const auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : &found->second;
}

template <typename Row>
auto RecentRows::Table<Row>::at(const std::string& key) -> Kept<Row>& {
  const auto [place, is_new] = rows_.try_emplace(key);
  if (is_new) order_.push_back(&place->first);
  return place->second;
}

template <typename Row>
void RecentRows::Table<Row>::measure(Kept<Row>& kept) {
  bytes_ -= kept.bytes;
  kept.bytes = bytes_of(kept.row);
  bytes_ += kept.bytes;
}

template <typename Row>
void RecentRows::Table<Row>::bound(std::size_t bytes_max) {
  while (bytes_ > bytes_max) {
    const auto first = rows_.find(*order_.front());
    bytes_ -= first->second.bytes;
    order_.pop_front();
    rows_.erase(first);
  }
}

void RecentRows::Tables::doubt(std::string_view id) {
  Kept<OutboxRow>* const kept = outbox.find(id);
  if (kept == nullptr) return;  // the database is asked anyway
  kept->in_doubt = true;
  in_doubt.push_back(kept);
}

void RecentRows::Tables::believe() {
  for (Kept<OutboxRow>* kept : in_doubt) kept->in_doubt = false;
  in_doubt.clear();
}

void RecentRows::tell(GroupPlan::Wanted& wanted, GroupPlan& plan) const {
  tables_.with([&](const Tables& tables) {
    std::erase_if(wanted.outbox, [&](const std::string& id) {
      const auto* const kept = tables.outbox.find(id);
      if (kept == nullptr) return false;
      const OutboxRow& row = kept->row;
      plan.outbox.know(id, GroupPlan::as_stored(row.sequence, row.state, row.report));
      return true;
    });
    std::erase_if(wanted.cases, [&](const std::string& key) {
      const auto* const kept = tables.cases.find(key);
      if (kept == nullptr) return false;
      const StoredCase& row = kept->row;
      plan.cases.know(key, {row.version, row.search, row.version, row.search});
      return true;
    });
    tell_aliases(tables, wanted, plan);
  });
}

/// Of the aliases that a case is to lose.
void RecentRows::tell_aliases(const Tables& tables, GroupPlan::Wanted& wanted, GroupPlan& plan) {
  std::erase_if(wanted.aliases_ended, [&](const GroupPlan::Pair& wish) {
    const auto& [case_key, name] = wish;
    const auto* const kept = tables.cases.find(case_key);
    if (kept == nullptr || !kept->row.from_first) return false;
    for (const GroupPlan::Pair& alias : kept->row.aliases) {
      if (alias.first != name) continue;
      plan.aliases.know(alias, {case_key, case_key, partition_of(case_key)});
    }
    return true;
  });
}

void RecentRows::committing(std::span<const Pending> group) {
  tables_.with([&](Tables& tables) {
    for (const auto& [transaction, done, commit] : group) {
      for (const OutboxRow& row : transaction.outbox) tables.doubt(row.id);
      for (const OutboxUpdate& update : transaction.outbox_updates) tables.doubt(update.id);
    }
  });
}

void RecentRows::committed(std::span<Pending> group, std::int64_t new_from) {
  tables_.with([&](Tables& tables) {
    tables.believe();
    for (auto& [transaction, done, commit] : group) {
      if (commit.status != CommitStatus::committed) continue;
      for (OutboxRow& row : transaction.outbox) {
        if (row.sequence < new_from) continue;
        row.created = or_stamp(row.created, commit.stamp);
        row.changed = or_stamp(row.changed, commit.stamp);
        auto& kept = tables.outbox.at(row.id);
        kept.row = std::move(row);
        tables.outbox.measure(kept);
      }
      for (const OutboxUpdate& update : transaction.outbox_updates) {
        auto* const kept = tables.outbox.find(update.id);
        if (kept == nullptr) continue;
        apply(update, commit.stamp, kept->row);
        tables.outbox.measure(*kept);
      }
      if (!transaction.sweeps.empty()) tables.outbox = {};
    }
    tables.outbox.bound(bytes_max_);
  });
}

void RecentRows::keep_cases(const GroupPlan& plan) {
  tables_.with([&](Tables& tables) {
    for (const auto& [key, stored] : plan.cases.changed()) {
      auto& kept = tables.cases.at(*key);
      kept.row.version = stored->version;
      kept.row.search = stored->search;
      kept.row.from_first = kept.row.from_first || stored->stored_version == 0;
      tables.cases.measure(kept);
    }
    keep_aliases(plan, tables);
    tables.cases.bound(bytes_max_ / 4);
  });
}

void RecentRows::keep_aliases(const GroupPlan& plan, Tables& tables) {
  const auto change = [&](const std::string& case_key, const auto& how) {
    auto* const kept = tables.cases.find(case_key);
    if (kept == nullptr) return;
    how(kept->row.aliases);
    tables.cases.measure(*kept);
  };
  for (const auto& [alias, held] : plan.aliases.changed()) {
    if (held->stored_case == held->case_key) continue;
    change(held->stored_case, [&](auto& aliases) { aliases.erase(*alias); });
    change(held->case_key, [&](auto& aliases) { aliases.insert(*alias); });
  }
}

void RecentRows::forget() {
  tables_.with([](Tables& tables) { tables = {}; });
}

std::optional<OutboxRow> RecentRows::find_outbox(std::string_view id) const {
  return tables_.with([&](const Tables& tables) -> std::optional<OutboxRow> {
    const auto* const kept = tables.outbox.find(id);
    if (kept == nullptr || kept->in_doubt) return std::nullopt;
    return kept->row;
  });
}

}  // namespace masar::store
