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
template <typename Change>
void RecentRows::Table<Row>::change(const std::string& key, const Change& change) {
  const auto [place, is_new] = rows.try_emplace(key);
  if (is_new) {
    order.push_back(key);
  } else {
    bytes -= bytes_of(place->second);
  }
  change(place->second);
  bytes += bytes_of(place->second);
}

template <typename Row>
void RecentRows::Table<Row>::bound(std::size_t bytes_max) {
  while (bytes > bytes_max) {
    const auto first = rows.find(order.front());
    bytes -= bytes_of(first->second);
    rows.erase(first);
    order.pop_front();
  }
}

void RecentRows::tell(GroupPlan::Wanted& wanted, GroupPlan& plan) const {
  tables_.with([&](const Tables& tables) {
    std::erase_if(wanted.outbox, [&](const std::string& id) {
      const auto found = tables.outbox.rows.find(id);
      if (found == tables.outbox.rows.end()) return false;
      const OutboxRow& row = found->second;
      plan.outbox.know(id, GroupPlan::as_stored(row.sequence, row.state, row.report));
      return true;
    });
    std::erase_if(wanted.cases, [&](const std::string& key) {
      const auto found = tables.cases.rows.find(key);
      if (found == tables.cases.rows.end()) return false;
      const StoredCase& row = found->second;
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
    const auto found = tables.cases.rows.find(case_key);
    if (found == tables.cases.rows.end() || !found->second.from_first) return false;
    for (const GroupPlan::Pair& alias : found->second.aliases) {
      if (alias.first != name) continue;
      plan.aliases.know(alias, {case_key, case_key, partition_of(case_key)});
    }
    return true;
  });
}

void RecentRows::committing(const GroupPlan& plan) {
  tables_.with([&](Tables& tables) {
    for (const auto& [id, effect] : plan.outbox.changed()) tables.in_doubt.insert(*id);
  });
}

void RecentRows::committed(const GroupPlan& plan) {
  tables_.with([&](Tables& tables) {
    tables.in_doubt.clear();
    for (const auto& [id, effect] : plan.outbox.changed()) {
      // Of one that is not known here only what has changed is.
      if (effect->row == nullptr && !tables.outbox.rows.contains(*id)) continue;
      tables.outbox.change(*id, [&](OutboxRow& row) { effect->put(row); });
    }
    for (const auto& [key, stored] : plan.cases.changed()) {
      tables.cases.change(*key, [&](StoredCase& row) {
        row.version = stored->version;
        row.search = stored->search;
        row.from_first = row.from_first || stored->stored_version == 0;
      });
    }
    keep_aliases(plan, tables);
    tables.outbox.bound(bytes_max_);
    tables.cases.bound(bytes_max_ / 4);
  });
}

void RecentRows::keep_aliases(const GroupPlan& plan, Tables& tables) {
  const auto change = [&](const std::string& case_key, const auto& how) {
    if (tables.cases.rows.contains(case_key)) {
      tables.cases.change(case_key, [&](StoredCase& row) { how(row.aliases); });
    }
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
    const auto found = tables.outbox.rows.find(id);
    if (found == tables.outbox.rows.end() || tables.in_doubt.contains(id)) return std::nullopt;
    return found->second;
  });
}

}  // namespace masar::store
