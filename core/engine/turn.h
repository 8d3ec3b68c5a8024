#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/connector/connector.h"
#include "core/connector/trace.h"
#include "core/engine/live_case.h"
#include "core/engine/records.h"
#include "core/engine/series.h"
#include "core/engine/snapshots.h"
#include "core/store/store.h"

namespace masar::engine {

/// What one turn wants committed, and what follows once it is.
struct TurnResult {
  store::Transaction transaction;
  std::shared_ptr<const LiveCase>
      after;  ///< the case as committed; null: there is none, or unchanged
  std::optional<connector::PartAnswer> answer;  ///< for whoever waits for this row's reply
  bool dead = false;                            ///< became a dead letter
  std::vector<LoggedLetter> letters;            ///< for the log
  bool moved = false;                           ///< journaled anew: that row answers
  std::vector<std::string> notes;               ///< marks of the transitions: alarms
  /// The effect whose inquiry has its verdict, as this turn leaves it.
  std::optional<store::OutboxRow> settled;
  std::string_view verdict = {};  ///< of `settled`
};

/// One journal row's turn at its case (ENGINE.md 3, 7, 11–16): the deadlines that are due before
/// it, its route's steps, its transition, the documents of the effects, and from all that one
/// transaction. Reads the store, writes nothing. One turn is for one thread; it is used once.
///
/// run() throws Error(transient, …) where the row is to be tried again; everything deterministic
/// ends in the transaction (a refusal, a dead letter).
class Turn {
 public:
  struct Parts {
    Snapshots& snapshots;
    store::Store& store;
    SeriesSource& series;
    std::int64_t epoch = 0;  ///< Restore::times
  };
  /// `before`: the case as it stands; null where there is none.
  Turn(const Parts& parts, const store::JournalRow& row, std::shared_ptr<const LiveCase> before,
       Document document);

  TurnResult run();
  /// The row as a dead letter, whatever it is; used when it failed too often.
  TurnResult give_up(const std::string& code, const std::string& text);

 private:
  // By kind of row.
  void message();
  void retry_effect();
  void outcome();
  void report();
  void timer();
  void task_answer();
  void reckon_anew();
  void migrate();
  void answer_refused(const std::string& code, const std::string& text);
  // Helped by.
  void fire_due(Instant until);
  void fire(const process::Deadline& deadline, bool too_many);
  void put_failed_deadline(const process::Deadline& deadline, const Error& error);
  void restore_deadline();
  void apply_event(const process::Event& event);
  void open_case(const route::Route& route, const process::Event& event);
  bool moves_to_own_case(const route::Route& route);
  bool moves_to_joined_case();
  void journal_anew(const std::string& case_key, const std::string& why);
  void fail_effect(const store::OutboxRow& effect, const route::Route& route, std::string_view kind,
                   const std::string& code, const std::string& text);
  void fail_over(const store::OutboxRow& first, const std::string& endpoint);
  void escalate_silence(const store::OutboxRow& effect, const route::Route& route);
  process::Event failure_event(const process::EventDeclaration& declaration,
                               const store::OutboxRow& effect, const std::string& code,
                               const std::string& text) const;
  bool move_due(Instant& due, const std::optional<process::WorkingDue>& working,
                const std::string& name);
  bool move_timer(store::TimerRow timer, std::vector<process::Task>& tasks);
  bool visit_over(const store::OutboxRow& effect);
  // Of inquiries (turn_inquiry.cpp).
  struct Judgement;
  bool awaits_verdict(const store::OutboxRow& effect) const;
  void ask_about(const store::OutboxRow& effect);
  store::OutboxRow question_about(const store::OutboxRow& effect);
  void take_verdict(const store::OutboxRow& inquiry);
  Judgement judge(const route::Route& asks, int step, const store::OutboxRow& effect);
  void conclude(const store::OutboxRow& effect, const Judgement& judgement);
  void conclude_done(const store::OutboxRow& effect, const Document& reply);
  bool wants_reply(const store::OutboxRow& effect) const;
  bool attempted_again(const store::OutboxRow& effect) const;
  void settle(const store::OutboxRow& effect, store::OutboxState to, route::Verdict verdict);
  void settle_unjudged();
  /// The variables of what follows an effect's call, with `document`.
  route::Flow flow_after(const store::OutboxRow& effect, Document document) const;
  void go_on(const store::OutboxRow& effect, Document reply);
  void withdraw_tasks_about(const store::OutboxRow& effect);

  /// Replaces the case by a copy, to be changed before anybody else holds on to it.
  process::Case& change();
  void absorb(process::Transition transition, std::string_view kind, const std::string& name);
  void add_effect(const process::Effect& effect, const process::Case& value);
  /// What became of an effect: `failed` has been written, with its dead letter.
  enum class Made { document, nothing, failed };
  Made make_document(const process::Effect& effect, store::OutboxRow& row);
  bool run_effect_route(const process::Effect& effect, store::OutboxRow& row, std::string& step);
  static void put_call(const route::Exit& exit, const route::Flow& flow, const Snapshot& snapshot,
                       store::OutboxRow& row, std::string& step);
  void put_effect(store::OutboxRow row);
  void put_taps(const route::Flow& flow, const std::string& of, std::int64_t number);
  void put_effect(store::OutboxRow row, const route::Route& route, Instant since);
  void add_reply(const process::Reply& reply);
  void refuse(const std::string& code, const std::string& text);
  void put_refusal(const Endpoint& endpoint, const std::string& code, const std::string& text);
  void dead_letter(const std::string& code, const std::string& text, const std::string& step);
  store::DeadLetterRow& put_dead_letter(const std::string& code, const std::string& text,
                                        const std::string& step);
  void failed_effect(const process::Effect& effect, store::OutboxRow row, const Error& error,
                     const std::string& step);
  void put_failed_outcome(const store::OutboxRow& row);
  void put_letter_task(const std::string& detail);
  void escalate_letter();
  void put_open_letter(store::TaskRow task, store::TimerRow timer);
  void end_failed(const store::OutboxRow& effect, const std::string& code);
  void audit(std::string_view kind, const std::string& name, const std::string& text = {});
  void finish();
  void put_answer();
  store::RowId answers_to() const;
  /// The message-id of what the row is about.
  const std::string& reference() const {
    return row_.message_id.empty() ? row_.effect : row_.message_id;
  }
  const connector::Headers& envelope();

  process::Inputs inputs(Instant now);
  const Snapshot& current_snapshot() const { return parts_.snapshots.current(); }
  /// The route of an effect's continuation: of the configuration that it began with.
  const route::Route* route_of(const store::OutboxRow& effect);
  process::Event event_of(const std::string& name, pugi::xml_node root) const;
  const process::EventDeclaration& declared(const std::string& event) const;
  route::Origin origin() const;
  const route::Route* route_of(const store::JournalRow& row) const;
  Document document();
  Document document_for(const Snapshot& snapshot);
  const LiveCase& current() const;

  Parts parts_;
  const store::JournalRow& row_;
  std::shared_ptr<const LiveCase> before_;
  /// As the transitions so far have left it. What stands there is never changed, but replaced, so
  /// that a checkpoint costs no copy.
  std::shared_ptr<const LiveCase> live_;
  /// As the deadlines before this row left it: what a failure of the row itself falls back to.
  struct Checkpoint {
    TurnResult result;
    std::shared_ptr<const LiveCase> live;
    std::string recorded;
  };
  Checkpoint checkpoint_;
  Document document_;
  const route::Route* route_ = nullptr;
  std::shared_ptr<const Snapshot> route_owner_;  ///< where `route_` is not of the current one
  std::string step_ = "start";                   ///< where a failure would be
  route::Flow flow_;                             ///< the message on its way through the steps
  std::string recorded_;                         ///< inputs handed in
  std::string answered_;                         ///< id of the task that this row answers
  connector::Headers envelope_;                  ///< see envelope(); empty: not asked for yet
  TurnResult result_;
};

/// The id of an effect, 32 hexadecimal digits: applied again, it is the same row (ENGINE.md 13).
/// The first eight are of the case alone, so that the effects of one case, which are looked up at
/// the same time, stand beside each other in the store's index.
std::string effect_id(std::string_view case_key, std::int64_t event_number, int index);

}  // namespace masar::engine
