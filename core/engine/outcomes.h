#pragma once

#include <string>
#include <string_view>

#include "core/connector/connector.h"
#include "core/route/route.h"
#include "core/store/store.h"

namespace masar::engine {

/// "delivered", "rejected", "unavailable", "unknown".
std::string_view outcome_name(connector::OutcomeKind kind);

/// A timeline row about an effect.
store::AuditRow audit_of(const store::OutboxRow& row, std::string_view kind, std::string text);

/// The effect's own due times end with it.
void put_timers_cleared(const store::OutboxRow& row, store::Transaction& transaction);

/// The journal row by which a case hears of an effect's end.
store::JournalRow outcome_event(const store::OutboxRow& row, std::string_view name,
                                const std::string& snapshot);

/// What one outcome commits: the outbox row's new state and, where the route makes something of it,
/// the journal row that becomes an event (ENGINE.md 18). `again`: the row goes back to ready.
store::Transaction outcome_transaction(const store::OutboxRow& row,
                                       const connector::Outcome& outcome, bool again,
                                       const route::Route* route, const std::string& snapshot);

}  // namespace masar::engine
