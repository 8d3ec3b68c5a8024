#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/guarded.h"
#include "core/store/group_plan.h"
#include "core/store/group_writer.h"

namespace masar::store {

/// Rows as the writer has stored them lately: effects, and of cases what a group depends on and
/// what a message is led to them by. It is the only one that writes, so what it has just written
/// need not be asked for: an effect is looked up three times within a moment, and so is a case by
/// its key or an alias while messages for it come. Owned beside the writer, which forgets all of it
/// as soon as something may be stored that it does not know of: a connection lost, a group that the
/// database undid, rows that retention has changed. Those known for longest go first when it is
/// full.
///
/// The writer's thread changes it, before it answers what it has committed; what is const from any
/// thread.
class RecentRows {
 public:
  explicit RecentRows(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// Tells the plan what is known here, which then need not be looked up.
  void tell(GroupPlan::Wanted& wanted, GroupPlan& plan) const;
  /// Before the COMMIT of a group whose refusals are known: until committed() or forget() its rows
  /// are what the database says, for others may see them there before its answer comes.
  void committing(std::span<const Pending> group);
  /// Takes effects, cases and aliases of those of the group that were committed. `new_from`: the
  /// first sequence that was not given before; an effect below it was there already.
  void committed(std::span<Pending> group, std::int64_t new_from);
  void forget();

  // As it is stored; absent, false: ask the database.
  std::optional<OutboxRow> find_outbox(std::string_view id) const;
  std::optional<std::string> find_alias(std::string_view name, std::string_view value) const;
  bool has_case(std::string_view key) const;

 private:
  struct StoredCase {
    std::int64_t version = 0;
    std::string search;
    bool from_first = false;              ///< seen since it was made; no alias is older
    std::set<GroupPlan::Pair> aliases{};  ///< name, value; all of them where it is from_first
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const noexcept {
      return std::hash<std::string_view>{}(key);
    }
  };
  template <typename Row>
  struct Kept {
    Row row;
    std::size_t bytes = 0;
    bool in_doubt = false;  ///< changed by the group that is committed now
  };
  template <typename Row>
  class Table {
   public:
    /// Null: not known here.
    Kept<Row>* find(std::string_view key);
    const Kept<Row>* find(std::string_view key) const;
    /// The row of this key, which is an empty one where there was none. Measured after a change.
    Kept<Row>& at(const std::string& key);
    void measure(Kept<Row>& kept);
    /// `gone` is told the key and the row of each that goes.
    template <typename Gone>
    void bound(std::size_t bytes_max, const Gone& gone);

   private:
    std::unordered_map<std::string, Kept<Row>, Hash, std::equal_to<>> rows_;
    std::deque<const std::string*> order_;  ///< keys; the one known for longest first
    std::size_t bytes_ = 0;
  };
  struct Tables {
    Table<OutboxRow> outbox;
    Table<StoredCase> cases;
    /// The case of an alias, each of them one of `cases` that has the alias.
    std::unordered_map<std::string, std::string, Hash, std::equal_to<>> holders;
    std::vector<Kept<OutboxRow>*> in_doubt;

    void doubt(std::string_view id);
    void believe();
    void take_effects(Transaction& transaction, const Commit& commit, std::int64_t new_from);
    void take_cases(const Transaction& transaction);
    void end_alias(const std::string& case_key, const std::string& name);
    void put_alias(const AliasRow& row);
    void forget_holders(const std::string& case_key, const StoredCase& row,
                        const std::string* name = nullptr);
  };
  static void tell_aliases(const Tables& tables, GroupPlan::Wanted& wanted, GroupPlan& plan);
  static std::string written(std::string_view name, std::string_view value);
  static std::size_t bytes_of(const OutboxRow& row);
  static std::size_t bytes_of(const StoredCase& row);

  const std::size_t bytes_max_;
  Guarded<Tables> tables_;
};

}  // namespace masar::store
