#pragma once

#include <memory>
#include <string>

#include "core/engine/snapshots.h"
#include "core/process/definition.h"
#include "core/store/store.h"

namespace masar::engine {

/// A case as the engine holds it between two events: its value and what the store keeps beside it.
struct LiveCase {
  std::shared_ptr<const Snapshot> snapshot;  ///< that it began with
  std::shared_ptr<const process::Definition> definition;
  process::Case value;
  Duration service_time{0};  ///< working time in states that do not wait for the citizen
};

/// Name of the task that stands for a dead letter of an open case; the engine's own, not the
/// process's.
inline constexpr std::string_view kDeadLetterTask = "dead-letter";
/// Its answers. Discarding has a field, kReasonField.
inline constexpr const char* kRetryAnswer = "retry";
inline constexpr const char* kDiscardAnswer = "discard";
inline constexpr const char* kReasonField = "reason";

/// A case as another configuration's definition of its process sees it.
struct SeenCase {
  std::shared_ptr<const process::Definition> definition;
  process::Case value;
};
/// Data of the same name and type is kept, other data is unset. Throws Error(rejected,
/// "unknown-process") where `snapshot` lacks the process.
SeenCase seen_by(const Snapshot& snapshot, const LiveCase& live);
/// The variables of the case, as route::fill_case() has them, as `snapshot`'s definition of its
/// process sees it: that one, which lives as long as `snapshot`, is returned. Throws as seen_by().
const process::Definition& fill_seen(const Snapshot& snapshot, const LiveCase& live,
                                     std::vector<expression::Value>& variables);

/// What the row's case works by: the configuration that it began with. Throws what
/// Snapshots::find() throws.
std::shared_ptr<const Snapshot> snapshot_of(Snapshots& snapshots, const store::CaseRow& row);
/// The row's case, decoded; `snapshot` is that of snapshot_of(). Throws Error(internal,
/// "unknown-process") where the snapshot lacks its process.
LiveCase from_record(std::shared_ptr<const Snapshot> snapshot, const store::CaseRecord& record);
/// The row of a case after a transition.
store::CaseRow to_row(const LiveCase& live);
/// Deadlines and tasks of `after` against those of `before` (null: a new case), as rows of
/// `transaction`.
void put_changes(const process::Case* before, const process::Case& after,
                 store::Transaction& transaction);

/// A timer's `working` as FORMAT.md has it; empty: the due time depends on no calendar.
std::string write_working(const std::optional<process::WorkingDue>& due);
/// None where it is empty, or not of that form.
std::optional<process::WorkingDue> read_working(const std::string& text);

/// The next of the deadlines due by `until`, by due time and declaration; null where none is.
const process::Deadline* earliest_due(const process::Case& value, Instant until);
/// Deadlines of one case that apply before one event at most (ENGINE.md 7).
inline constexpr int kDeadlinesMax = 100;

/// Variables beginning with `search` fields: values as operators type them.
std::string normalise_search(std::string_view text);

}  // namespace masar::engine
