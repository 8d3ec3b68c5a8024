#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/act_result.h"
#include "core/engine/hub.h"

namespace masar::engine {

/// What people do to a running hub: answer tasks, pause, retry, step the clock. Every act goes
/// through the journal or is a setting, and leaves an audit row. Any thread; `done` is called once,
/// from any thread.
class Operations {
 public:
  using Done = std::function<void(ActResult)>;
  explicit Operations(Hub& hub) : hub_(hub) {}

  /// `fields`: the answer's declared fields as text (lists as items separated by spaces).
  /// `version`: of the case (its event number) as the person saw it; a case that went on is 409,
  /// and so is a task that is over when the answer has its turn.
  void answer_task(const std::string& id, const std::string& answer,
                   const std::map<std::string, std::string>& fields,
                   std::optional<std::int64_t> version, Done done);
  /// An open case goes over to the current configuration; 409 says why it does not fit.
  void migrate_case(const std::string& key, Done done);
  /// Pauses or resumes. `due_in_24h`: how many due times fall in the next 24 hours.
  void pause_endpoint(const std::string& id, bool paused, Done done);
  void pause_route(const std::string& id, bool paused, Done done);
  void retry_dead_letter(std::int64_t id, Done done);
  /// `reason`: for people; at most kReasonMax bytes, not empty.
  void discard_dead_letter(std::int64_t id, const std::string& reason, Done done);
  static constexpr std::size_t kReasonMax = 1000;
  /// Moves a stepped clock to the earliest due time; 409 names what is in flight.
  void step_clock(Done done);
  /// Due times within the next 24 hours, at most 10,000.
  std::size_t due_in_24h() const;
  /// The answers that a task of this name may get, with their fields.
  std::optional<process::TaskDeclaration> declaration(const store::TaskRow& task) const;

 private:
  /// Answers once the transaction's journal row has had its turn.
  void journal_and_wait(store::Transaction transaction, Done done);
  void wait_for_turn(store::RowId row, const Done& done);
  void answer_letter(const store::TaskRow& task, const std::string& answer,
                     const std::map<std::string, std::string>& fields, Done done);
  std::optional<store::DeadLetterRow> open_letter(std::int64_t id, const Done& done);
  void set_pause(bool of_endpoint, const std::string& id, bool paused, Done done);

  Hub& hub_;
};

}  // namespace masar::engine
