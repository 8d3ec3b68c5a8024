#include "core/store/recent_rows.h"

#include <utility>

#include "core/base/hash.h"
#include "core/store/search_fields.h"

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
  for (const auto& [name, value] : row.aliases) {
    bytes += kRowBytes + 2 * (name.size() + value.size());
  }
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
template <typename Gone>
void RecentRows::Table<Row>::bound(std::size_t bytes_max, const Gone& gone) {
  while (bytes_ > bytes_max) {
    const auto first = rows_.find(*order_.front());
    gone(first->first, first->second.row);
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
      if (commit.status != CommitStatus::committed) continue;
      for (const OutboxRow& row : transaction.outbox) tables.doubt(row.id);
      for (const OutboxUpdate& update : transaction.outbox_updates) tables.doubt(update.id);
      for (const auto& [name, case_key] : transaction.aliases_ended) {
        if (auto* const kept = tables.cases.find(case_key)) {
          tables.forget_holders(case_key, kept->row, &name);
        }
      }
    }
  });
}

void RecentRows::committed(std::span<Pending> group, std::int64_t new_from) {
  tables_.with([&](Tables& tables) {
    tables.believe();
    for (auto& [transaction, done, commit] : group) {
      if (commit.status != CommitStatus::committed) continue;
      tables.take_effects(transaction, commit, new_from);
      tables.take_cases(transaction);
      if (!transaction.sweeps.empty()) tables = {};
    }
    tables.outbox.bound(bytes_max_, [](const std::string&, const OutboxRow&) {});
    tables.cases.bound(bytes_max_ / 4, [&](const std::string& key, const StoredCase& row) {
      tables.forget_holders(key, row);
    });
  });
}

void RecentRows::Tables::take_effects(Transaction& transaction, const Commit& commit,
                                      std::int64_t new_from) {
  for (OutboxRow& row : transaction.outbox) {
    if (row.sequence < new_from) continue;
    row.created = or_stamp(row.created, commit.stamp);
    row.changed = or_stamp(row.changed, commit.stamp);
    auto& kept = outbox.at(row.id);
    kept.row = std::move(row);
    outbox.measure(kept);
  }
  for (const OutboxUpdate& update : transaction.outbox_updates) {
    auto* const kept = outbox.find(update.id);
    if (kept == nullptr) continue;
    apply(update, commit.stamp, kept->row);
    outbox.measure(*kept);
  }
}

void RecentRows::Tables::take_cases(const Transaction& transaction) {
  for (const CaseRow& row : transaction.cases) {
    auto& kept = cases.at(row.key);
    kept.row.version = row.version;
    kept.row.search = encode_search(row.search);
    kept.row.from_first = kept.row.from_first || row.version == 1;
    cases.measure(kept);
  }
  for (const auto& [name, case_key] : transaction.aliases_ended) end_alias(case_key, name);
  for (const AliasRow& row : transaction.aliases) put_alias(row);
}

void RecentRows::Tables::end_alias(const std::string& case_key, const std::string& name) {
  auto* const kept = cases.find(case_key);
  if (kept == nullptr) return;
  forget_holders(case_key, kept->row, &name);
  std::erase_if(kept->row.aliases, [&](const auto& alias) { return alias.first == name; });
  cases.measure(*kept);
}

void RecentRows::Tables::put_alias(const AliasRow& row) {
  auto* const kept = cases.find(row.case_key);
  if (kept == nullptr) return;
  kept->row.aliases.emplace(row.name, row.value);
  cases.measure(*kept);
  holders.insert_or_assign(written(row.name, row.value), row.case_key);
}

/// Of the aliases of this name, or of all.
void RecentRows::Tables::forget_holders(const std::string& case_key, const StoredCase& row,
                                        const std::string* name) {
  for (const auto& alias : row.aliases) {
    if (name != nullptr && alias.first != *name) continue;
    const auto found = holders.find(written(alias.first, alias.second));
    if (found != holders.end() && found->second == case_key) holders.erase(found);
  }
}

std::string RecentRows::written(std::string_view name, std::string_view value) {
  std::string text;
  text.reserve(name.size() + 1 + value.size());
  text += name;
  text += '\0';
  return text += value;
}

void RecentRows::forget() {
  tables_.with([](Tables& tables) { tables = {}; });
}

std::optional<std::string> RecentRows::find_alias(std::string_view name,
                                                  std::string_view value) const {
  return tables_.with([&](const Tables& tables) -> std::optional<std::string> {
    const auto found = tables.holders.find(written(name, value));
    if (found == tables.holders.end()) return std::nullopt;
    return found->second;
  });
}

bool RecentRows::has_case(std::string_view key) const {
  return tables_.with([&](const Tables& tables) { return tables.cases.find(key) != nullptr; });
}

std::optional<OutboxRow> RecentRows::find_outbox(std::string_view id) const {
  return tables_.with([&](const Tables& tables) -> std::optional<OutboxRow> {
    const auto* const kept = tables.outbox.find(id);
    if (kept == nullptr || kept->in_doubt) return std::nullopt;
    return kept->row;
  });
}

}  // namespace masar::store
