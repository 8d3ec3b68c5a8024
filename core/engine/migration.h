#pragma once

#include "core/engine/live_case.h"

namespace masar::engine {

/// An open case as the current configuration takes it over (ENGINE.md 22), or why it cannot: what
/// its definition says (process::Adopted), and what waiting effects would bring back that the
/// current process does not know. Reads the store; throws what it throws. Effects that wait keep
/// the configuration that they began with.
process::Adopted migrated(const LiveCase& live, Snapshots& snapshots, store::Store& store,
                          Instant now);

/// Open cases that go by another configuration than the current one, in the order of configuration,
/// process and key: at most `limit` behind `after` (null: from the beginning). Throws what the
/// store throws.
std::vector<store::SnapshotUse> cases_behind(const Snapshot& current, store::Store& store,
                                             const store::SnapshotUse* after, std::size_t limit);

}  // namespace masar::engine
