#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/process/host.h"
#include "core/process/model.h"

namespace masar::process {

/// Visit of a task or deadline set in a microstep that has not come to its state yet.
inline constexpr std::int64_t kVisitToCome = -1;

/// One event's way through a case (ENGINE.md 12): built for it, used by one thread, then dropped.
/// The case handed in is not changed; finish() gives what became of it.
///
/// Throws Error(rejected, …) for what fails by the definition and Error(internal, …) for a case or
/// an event that is not of this definition.
class Run final : public ProcessHost {
 public:
  Run(const Model& model, const Case& before, const Inputs& inputs);

  /// Enters the first states of a new case, with its opening event at hand: that is how the event
  /// is taken.
  void start(const Event& event);
  /// Takes the event by the transitions of the active states, or by what covers it.
  void take(const Event& event);
  /// A deadline that came due: gone, and set again where it repeats. take() follows.
  void come_due(const Deadline& deadline);
  void answer(const Task& task);
  void escalate(const std::string& task_id);
  void ask(int task, const std::string& effect, const std::string& detail);
  Transition finish();
  /// Instead of an event: the case with defaults for the data of these slots. Throws where an
  /// invariant does not hold then.
  Case take_over(const std::vector<std::size_t>& fresh);

  bool is_in(std::string_view state) const override;
  std::string next_serial(std::string_view series) override;
  expression::Value due_of(std::string_view deadline) const override;

 private:
  void bind(const Event& event);
  void see(const View* view);
  expression::Value evaluate(const expression::Expression& expression);
  bool holds(const expression::Expression& condition);

  const Arc* select(bool eventless);
  bool follow(const Arc& arc);
  bool settle();
  bool leave(int domain);
  bool enter(int domain, int target);
  bool enter_one(int state, bool by_default);
  void arrive();
  void cover();

  // Content; false: the event is refused.
  bool run(const Code& code);
  bool run(const Block& block);
  bool run(const Action& action);
  bool run(const If& action);
  bool run(const Foreach& action);
  void run(const Assign& action);
  void run(const Put& action);
  void run(const Clear& action);
  void run(const Emit& action);
  void run(const Say& action);
  void run(const Ask& action);
  void run(const Withdraw& action);
  void run(const SetDeadline& action);
  void run(const ClearDeadline& action);
  Arguments arguments(const std::vector<std::optional<expression::Expression>>& given,
                      const expression::Columns& declared);

  void open_task(int task, std::string effect, std::string detail);
  void end_task(std::size_t position);
  void set_deadlines(int state);
  void set_deadline(int deadline, const Due& due, std::int64_t visit);
  void set_at(int deadline, const DueTime& due, std::int64_t visit);
  void end_deadline(std::size_t position);
  std::optional<DueTime> due_at(const Due& due);
  DueTime later(Instant from, const Span& span) const;
  const Deadline* open_deadline(std::string_view name) const;

  const DeadlineType& type_of(const Deadline& deadline) const;
  void end_visit_bound();
  void check_invariants();
  void take_aliases();
  std::optional<expression::Value> alias_of(const AliasType& alias);
  /// How many of the data are variables. They are these alone until finish() puts them back.
  std::ptrdiff_t visible() const { return static_cast<std::ptrdiff_t>(model_.data.size()); }
  expression::Value& hidden(int slot) { return out_.after.data[static_cast<std::size_t>(slot)]; }

  const Model& model_;
  const Case& before_;
  const Inputs& inputs_;
  Transition out_;
  std::vector<expression::Value> variables_;
  const View* view_ = nullptr;
  const Event* event_ = nullptr;
  int event_type_ = -1;
  int active_ = 0;               ///< the innermost active state; 0: none yet
  std::vector<int> entered_;     ///< states entered, at any depth
  std::size_t tasks_asked_ = 0;  ///< counts the ids of this event
  int transitions_ = 0;
  bool moved_ = false;  ///< the microstep under way entered a state
  bool refused_ = false;
};

/// The data of a case that has none yet: tables and lists are empty, all else is unset.
std::vector<expression::Value> empty_data(const Model& model);

}  // namespace masar::process
