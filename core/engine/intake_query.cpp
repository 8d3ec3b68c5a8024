// Queries, which read a case and write nothing, and delivery reports.
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/engine/exchange.h"
#include "core/engine/intake.h"
#include "core/engine/outcomes.h"
#include "core/engine/records.h"

namespace masar::engine {

using connector::PartAnswer;

namespace {

/// Delivery reports only go forward; delivered beats failed and unknown (ENGINE.md 18).
int rank(std::string_view state) {
  if (state == "delivered") return 3;
  if (state == "failed" || state == "rejected" || state == "expired" || state == "unknown")
    return 2;
  return state.empty() ? 0 : 1;
}

constexpr std::chrono::milliseconds kReportAgain{20};

store::Transaction report_transaction(const store::OutboxRow& effect, const std::string& state,
                                      const std::string& snapshot) {
  store::Transaction transaction;
  if (!effect.route.empty()) {  // otherwise it is no case's effect: only its row knows
    store::JournalRow row = outcome_event(effect, state, snapshot);
    row.kind = store::JournalKind::report;
    transaction.journal.push_back(std::move(row));
  }
  auto update = store::update_of(effect, effect.state, effect.state);
  if (rank(state) == 3 && effect.state != store::OutboxState::sending)
    update.to = store::OutboxState::delivered;
  update.code = effect.code;
  update.text = effect.text;
  update.reply = effect.reply;
  update.report = state;
  transaction.outbox_updates.push_back(std::move(update));
  return transaction;
}

}  // namespace

// A stamp from the writer stands behind everything written before; the case's lane is asked behind
// all that was journaled for it until then (ENGINE.md 8).
void IntakeDesk::query(const ExchangePtr& exchange) {
  parts_.executor.post_after(exchange->endpoint->spec.timeout, [caller = exchange->caller] {
    caller->finish(
        {PartAnswer{PartAnswer::Kind::retry_later, "timeout", "the answer is not ready yet", {}}});
  });
  parts_.journal.submit({}, [this, exchange](const store::Commit& commit) {
    if (commit.status != store::CommitStatus::committed) {
      return exchange->finish(
          {PartAnswer{PartAnswer::Kind::retry_later, "store", "the store is not ready", {}}});
    }
    const Instant stamp = commit.stamp;
    parts_.executor.post([this, exchange, stamp] {
      Part part;
      part.document = exchange->document;
      try {
        find_existing(*exchange, part);
      } catch (const std::exception& error) {
        return exchange->finish(
            {PartAnswer{PartAnswer::Kind::retry_later, "internal", error.what(), {}}});
      }
      if (part.case_key.empty()) return answer_query(exchange, nullptr, stamp);
      const bool asked = parts_.lanes.ask(
          part.case_key, stamp,
          [this, exchange, stamp](std::shared_ptr<const LiveCase> live, bool failed) {
            if (!failed) return answer_query(exchange, std::move(live), stamp);
            exchange->finish({PartAnswer{
                PartAnswer::Kind::retry_later, "internal", "the case could not be read", {}}});
          });
      if (asked) return;
      exchange->finish(
          {PartAnswer{PartAnswer::Kind::retry_later, "behind", "earlier messages come first", {}}});
    });
  });
}

void IntakeDesk::answer_query(const ExchangePtr& exchange, std::shared_ptr<const LiveCase> live,
                              Instant now) {
  try {
    // A case answers by the route of the configuration that it began with, where that has one.
    const auto* own =
        live ? live->snapshot->inbound(exchange->endpoint->spec.id, exchange->origin.type)
             : nullptr;
    const bool is_own = own && own->mode == route::Mode::query;
    const route::Route& route = is_own ? *own : *exchange->route;
    const Snapshot& snapshot = is_own ? *live->snapshot : parts_.snapshot;
    route::Flow flow;
    flow.document = exchange->document;
    if (snapshot.prefixes != parts_.snapshot.prefixes)
      flow.document = snapshot.reader->read(exchange->received.body);
    flow.variables = exchange->variables;
    flow.variables.emplace_back(now);
    if (live) {
      const SeenCase seen = seen_by(snapshot, *live);
      route::fill_case(*seen.definition, seen.value, flow.variables);
    }
    const auto refused = [&](const std::string& code, const std::string& text) {
      refuse(exchange->endpoint->spec.id, exchange->received.sender, code, text);
      exchange->finish({PartAnswer{PartAnswer::Kind::refused, code, text, {}}});
    };
    if (!live && route.without_case.empty())
      return refused(route.no_case.code, "there is no such case");
    const route::Exit exit = live ? route.before.run(flow) : route.without_case.run(flow);
    if (exit.kind == route::Exit::Kind::refuse) return refused(exit.code, exit.text);
    if (exit.kind != route::Exit::Kind::end)
      throw Error(ErrorKind::rejected, exit.code, "the route keeps the query");
    parts_.metrics.received(exchange->endpoint->spec.id, "answered");
    exchange->finish({PartAnswer{PartAnswer::Kind::replied, {}, {}, flow.document}});
  } catch (const std::exception&) {
    parts_.metrics.alarm("query-failed");
    exchange->finish({PartAnswer{
        PartAnswer::Kind::retry_later, "internal", "the answer could not be made", {}}});
  }
}

// One at a time for an effect: the next one is judged by what this one left.
void IntakeDesk::report(std::string effect_id, std::string state,
                        std::function<void(bool)> answer) {
  const auto again = [this, effect_id, state, answer] { report(effect_id, state, answer); };
  if (!reporting_.with([&](auto& set) { return set.insert(effect_id).second; })) {
    return parts_.executor.post_after(kReportAgain, again);
  }
  const auto over = [this, effect_id] {
    reporting_.with([&](auto& set) { set.erase(effect_id); });
  };
  try {
    const auto effect = parts_.store.find_outbox(effect_id);
    if (!effect || rank(state) <= rank(effect->report)) {  // unknown, or known already
      over();
      return answer(true);
    }
    parts_.journal.submit(report_transaction(*effect, state, parts_.snapshot.hash),
                          [this, over, again, answer](const store::Commit& commit) {
                            over();
                            // The row went on meanwhile (its outcome was being stored): look again.
                            if (commit.status == store::CommitStatus::conflict)
                              return parts_.executor.post(again);
                            answer(commit.status == store::CommitStatus::committed);
                          });
  } catch (const std::exception&) {
    over();
    answer(false);
  }
}

}  // namespace masar::engine
