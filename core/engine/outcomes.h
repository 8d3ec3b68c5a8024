#pragma once

#include <string>
#include <string_view>

#include "core/connector/connector.h"
#include "core/engine/snapshot.h"
#include "core/route/route.h"
#include "core/store/store.h"

namespace masar::engine {

/// The effect's name of a copy that a `<wire-tap>` made: a row of no route.
inline constexpr const char* kWireTap = "wire-tap";

/// "delivered", "rejected", "unavailable", "unknown".
std::string_view outcome_name(connector::OutcomeKind kind);

/// A timeline row about an effect.
store::AuditRow audit_of(const store::OutboxRow& row, std::string_view kind, std::string text);

/// The effect's own due times end with it: those that it can have by its route, null where that is
/// not known.
void put_timers_cleared(const store::OutboxRow& row, const route::Route* route,
                        store::Transaction& transaction);

/// The journal row by which a case hears of an effect's end.
store::JournalRow outcome_event(const store::OutboxRow& row, std::string_view name,
                                const std::string& snapshot);

/// What such an event's headers say: code and text of the outcome, and the effect's trace.
std::string outcome_headers(const store::OutboxRow& row, const std::string& code,
                            const std::string& text);

/// Ready or sending: an attempt may still come, or is under way.
bool still_attempted(store::OutboxState state);

/// Whether a row is attempted again after an outcome that was not delivered (ENGINE.md 18). The
/// policy is the endpoint's of today; `route`: of the effect, null where it has none.
bool tries_again(const store::OutboxRow& row, connector::OutcomeKind kind, std::string_view code,
                 const DeliveryPolicy& policy, const route::Route* route);

/// The inquiry of an effect's unknown attempt: the id of its own outbox row, which names both; and
/// back. One an attempt, so never two at once.
std::string inquiry_id(const store::OutboxRow& effect);
struct InquiryOf {
  std::string effect;
  int attempt = 0;
};
InquiryOf inquiry_of(std::string_view id);

/// Whether an outcome is asked about first, by the route that the row began with. `again`: it is
/// attempted again instead.
bool begins_inquiry(const connector::Outcome& outcome, bool again, const route::Route* route);

/// An effect that ended unavailable goes on at the other endpoint of its call as a row of its own
/// (at most two an effect): this is that row's id, and `first_id` what it goes back to.
std::string second_id(const store::OutboxRow& first);
std::string_view first_id(std::string_view id);
/// Where the row goes on once it is unavailable for good, by the route that it began with; empty:
/// nowhere. Never after an attempt whose outcome was not known.
std::string fails_over_to(const store::OutboxRow& row, const route::Route* route);

/// Whether the row's outcome was unknown and its inquiry has no answer yet. Such a row is `sending`
/// still, with the outcome's code: nothing is settled, nothing is sent again, and the case's next
/// rows to the endpoint wait (ENGINE.md 16: it may still be attempted).
bool is_asked_about(const store::OutboxRow& row);

/// What one outcome commits: the outbox row's new state and, where the route makes something of it,
/// the journal row that becomes an event (ENGINE.md 18), or whose turn begins the inquiry. `again`:
/// the row goes back to ready.
store::Transaction outcome_transaction(const store::OutboxRow& row,
                                       const connector::Outcome& outcome, bool again,
                                       const route::Route* route, const std::string& snapshot);

}  // namespace masar::engine
