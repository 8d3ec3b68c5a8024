#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/executor.h"
#include "core/base/guarded.h"
#include "core/connector/connector.h"
#include "core/engine/act_result.h"
#include "core/engine/journal.h"
#include "core/engine/lanes.h"
#include "core/engine/metrics.h"
#include "core/engine/open_exchanges.h"
#include "core/engine/pauses.h"
#include "core/engine/replies.h"
#include "core/engine/snapshot.h"

namespace masar::engine {

/// Refuses, deduplicates and journals whatever comes in, before its source is acknowledged
/// (ENGINE.md 1–5, 8). Called by connectors on their threads; reads the store, never blocks on it.
/// Owned by the hub.
class IntakeDesk final : public connector::Intake {
 public:
  struct Parts {
    const Snapshot& snapshot;
    store::Store& store;
    Journal& journal;
    Lanes& lanes;
    ReplyDesk& replies;
    Pauses& pauses;
    Executor& executor;
    const BusinessClock& business;
    const SteadyClock& steady;
    Metrics& metrics;
    Log log;
    /// Pass-through: the message goes to an outbound endpoint, its outcome settles the source.
    std::function<void(const route::Route&, connector::Received, Answer)> forward;
  };
  explicit IntakeDesk(const Parts& parts) : parts_(parts), open_(parts.snapshot) {}

  void take(connector::Received received, Answer answer) override;
  bool holds(const connector::Received& received) const override {
    return parts_.pauses.holds(received);
  }
  void report(std::string effect_id, std::string state, std::function<void(bool)> answer) override;
  void refused(std::string endpoint, std::string code, std::string text) override;
  /// Messages that came in and have no answer yet.
  const OpenExchanges& open() const noexcept { return open_; }
  /// A dead letter's event once more, under a new stamp, linked to its original (ENGINE.md 23); of
  /// an effect, which has no `original`, its document. `done` gets 200, or 409 where the message
  /// still finds no case or the letter was dealt with meanwhile.
  void retry(const store::DeadLetterRow& letter, const std::optional<store::JournalRow>& original,
             std::function<void(ActResult)> done);
  /// Nothing is done about it any more; `reason` stands in the timeline.
  void discard(const store::DeadLetterRow& letter, const std::string& reason,
               std::function<void(ActResult)> done);

 private:
  struct Exchange;
  struct Part;
  using ExchangePtr = std::shared_ptr<Exchange>;
  enum class LookUp { no, yes };  ///< of the duplicate keys

  void journal_again(const ExchangePtr& exchange);
  void journal(const ExchangePtr& exchange);
  void query(const ExchangePtr& exchange);
  void answer_query(const ExchangePtr& exchange, std::shared_ptr<const LiveCase> live, Instant now);
  void split(Exchange& exchange);
  bool prepare(Exchange& exchange, LookUp look_up);
  void look_up_message(Exchange& exchange, LookUp look_up);
  void look_up_part(Exchange& exchange, Part& part, LookUp look_up);
  void look_up_twin(Exchange& exchange, std::size_t at, LookUp look_up);
  bool look_up_keys(Exchange& exchange, Part& part, const expression::Frame& frame, bool of_part,
                    LookUp look_up);
  bool passes_filters(Exchange& exchange, Part& part);
  bool is_late(const Exchange& exchange) const;
  void find_case(Exchange& exchange, Part& part);
  std::string find_existing(Exchange& exchange, Part& part) const;
  void without_case(Exchange& exchange, Part& part, const std::string& own_key);
  store::Transaction transaction_of(Exchange& exchange, std::vector<Document>& documents);
  void put_part(Exchange& exchange, Part& part, store::Transaction& transaction);
  void committed(const ExchangePtr& exchange, const store::Commit& commit);
  void answer_or_wait(const ExchangePtr& exchange, const std::vector<store::RowId>& journaled);
  Answer finisher(const Exchange& exchange);
  void wait_for(const ExchangePtr& exchange, std::vector<store::RowId> rows,
                connector::IntakeAnswer known);
  connector::PartAnswer stored(store::RowId journal, store::RowId& wait) const;
  void refuse(const std::string& endpoint, const std::string& partner, const std::string& code,
              const std::string& text);
  bool may_audit(const std::string& partner);
  bool find_case_again(store::JournalRow& row) const;
  void submit_letter(store::Transaction transaction, std::function<void(ActResult)> done);

  Parts parts_;
  OpenExchanges open_;
  struct Minute {
    SteadyClock::TimePoint since{};
    std::size_t refusals = 0;
  };
  Guarded<std::map<std::string, Minute>> minutes_;  ///< by partner
  Guarded<std::set<std::string>> reporting_;  ///< effects with a report on its way into the journal
};

}  // namespace masar::engine
