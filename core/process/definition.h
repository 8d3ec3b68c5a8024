#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/element.h"
#include "core/expression/expression.h"
#include "core/process/calendar.h"
#include "core/process/case.h"

namespace masar::process {

/// What happens to a case. Fields are by the event's declared fields, in their order; unset where
/// absent.
struct Event {
  std::string name;
  std::vector<expression::Value> fields;
  std::string
      sender;  ///< the partner bound to the endpoint it came through; empty for our own events
};

/// What the engine hands in and records with the event.
struct Inputs {
  Instant now{};      ///< the event's stamp, or a deadline's due time
  Instant applied{};  ///< the stamp under which it applies; never before `now`
  std::int64_t first_event = 1;  ///< the event's number is not lower
  /// A fresh number of the named series. Throws Error(internal, …) where there is no such series.
  /// The engine records what it returns.
  std::function<std::string(std::string_view)> serial;
  const Calendar* calendar =
      nullptr;  ///< resolves working days; the resulting instants are recorded
};

using Arguments = std::vector<std::pair<std::string, expression::Value>>;

/// What a transition asks the world to do; becomes one row of the outbox by its route.
struct Effect {
  std::string name;
  Arguments arguments;
  int index = 0;           ///< within the event
  std::int64_t visit = 0;  ///< 0: declared scope="case"
  bool essential = false;
  std::optional<Instant> not_after;
};

struct Reply {
  std::string name;
  Arguments arguments;
};

/// An alias taken by the case; the store refuses one that lives already.
struct Alias {
  std::string name;  ///< the declared alias
  std::string value;
};

/// Why an event changed nothing.
enum class Disposition {
  applied,   ///< some transition, targeted or not, was taken
  ignored,   ///< the state declares it: no effect, only in the timeline
  recorded,  ///< an end state: recorded, no effect
  refused,   ///< the state declares it: the sender is told `refusal`
};

/// What one event did to a case: the pure result that one transaction stores.
struct Transition {
  Case after;
  Disposition disposition = Disposition::applied;
  std::string refusal;              ///< code for the sender, where refused
  std::vector<std::string> states;  ///< atomic states entered, in order
  std::vector<Effect> effects;
  std::optional<Reply> reply;
  std::vector<Deadline> deadlines_set;
  std::vector<Deadline> deadlines_cleared;
  std::vector<Task> tasks_opened;
  std::vector<Task> tasks_ended;  ///< withdrawn by leaving, or answered
  std::vector<Alias> aliases_taken;
  std::vector<std::string> aliases_ended;  ///< names of aliases that end with this transition
  std::vector<std::string> notes;          ///< `m:note` codes: alarms and timeline marks
};

/// A case as another definition of its process takes it over.
struct Adopted {
  Case after;
  std::vector<std::string> reasons;  ///< why it cannot, for people; empty: it can
};

/// What a definition declares, for routes, the engine and the operators' interface.
struct EventDeclaration {
  std::string name;
  expression::Columns fields;
  std::vector<std::string> personal;       ///< fields that are masked
  std::vector<std::string> required = {};  ///< fields that every message has
};
struct TaskAnswer {
  std::string name;  ///< "accept"
  expression::Columns fields;
  std::string event;  ///< the event that it becomes
};
struct TaskDeclaration {
  std::string name;
  std::vector<TaskAnswer> answers;
  Span due;
};
struct DataDeclaration {
  std::string name;
  expression::Type type;
  bool personal = false;
  std::string search;  ///< the operators' search field it feeds, or empty
};
struct EffectDeclaration {
  std::string name;
  expression::Columns arguments;
  config::Place place;
  bool may_expire = false;  ///< somewhere it carries a not-after
};
struct ReplyDeclaration {
  std::string name;
  expression::Columns arguments;
};

/// The definition of a long-running case: an SCXML document with datamodel="masar" (DESIGN D18),
/// compiled. Immutable; every method may be called from any thread; nothing here does I/O.
///
/// open(), apply() and fire() throw Error(rejected, code) for a deterministic failure
/// ("unset-value", "invariant-broken", "too-many-transitions" …); the case handed in is then
/// unchanged.
class Definition {
 public:
  /// Reads and checks a process. What is wrong, or not supported (with what to write instead), goes
  /// to `diagnostics`, and then there is no value.
  static std::shared_ptr<const Definition> compile(const config::Element& scxml,
                                                   const std::string& zone,
                                                   const expression::Lookups& lookups,
                                                   config::Diagnostics& diagnostics);
  virtual ~Definition() = default;

  /// A new case by its opening event, which is at hand as $event while the first states are entered
  /// and is not offered to their transitions. Refused (`m:refuse` in onentry): there is no case,
  /// `after` has no state.
  virtual Transition open(const std::string& key, const std::string& snapshot, const Event& event,
                          const Inputs& inputs) const = 0;
  virtual Transition apply(const Case& before, const Event& event, const Inputs& inputs) const = 0;
  /// The deadline, which must be open in `before`, comes due. `inputs.now` = its due time.
  virtual Transition fire(const Case& before, const Deadline& deadline,
                          const Inputs& inputs) const = 0;
  /// A task's due time passed: it escalates and is due again.
  virtual Transition escalate(const Case& before, const std::string& task_id,
                              const Inputs& inputs) const = 0;
  /// An answer to an open task. `answer` is declared; `fields` are by its declared fields.
  virtual Transition answer(const Case& before, const std::string& task_id,
                            const std::string& answer, const std::vector<expression::Value>& fields,
                            const Inputs& inputs) const = 0;
  /// Opens a declared task about `effect`, from the engine itself (an unknown outcome, a silence).
  virtual Transition ask(const Case& before, const std::string& task, const std::string& effect,
                         const std::string& detail, const Inputs& inputs) const = 0;

  /// The case, which `from` describes, by this definition: in the same state, its data by name and
  /// type (new data by their defaults), deadlines and tasks as they stand. What does not fit, what
  /// would be lost, and invariants that would not hold are its reasons.
  virtual Adopted adopt(const Definition& from, const Case& before, const Inputs& inputs) const = 0;
  /// Names of the events from outside that have a transition in the state or around it; none where
  /// there is no such state.
  virtual std::vector<std::string> takes(std::string_view state) const = 0;

  virtual const std::string& name() const = 0;
  virtual const std::vector<EventDeclaration>& events() const = 0;
  virtual const EventDeclaration* event(std::string_view name) const = 0;
  virtual const std::vector<TaskDeclaration>& tasks() const = 0;
  /// Deadline::order of a deadline of this name; −1 where the process declares none.
  virtual int deadline_place(std::string_view name) const = 0;
  virtual const std::vector<DataDeclaration>& data() const = 0;
  virtual const std::vector<EffectDeclaration>& effects() const = 0;
  /// Of effects(); null where there is none of this name.
  const EffectDeclaration* effect(std::string_view name) const;
  virtual const std::vector<ReplyDeclaration>& replies() const = 0;
  /// Series that `serial('name')` names, and where.
  virtual const std::vector<std::pair<std::string, config::Place>>& series() const = 0;
  virtual bool opens_with(std::string_view event) const = 0;  ///< m:opens="true" on its m:event
  virtual bool is_end(std::string_view state) const = 0;
  virtual std::string waits_for(
      std::string_view state) const = 0;  ///< m:waits-for of it or its parents
  /// Aliases (name → lifetime states; empty: always).
  virtual std::vector<std::string> alias_names() const = 0;

  /// The variables that mappings, guards of routes and queries see of a case: `case.key
  /// case.version case.state case.since case.opened case.waiting-for case.deadline` (the earliest
  /// open deadline with a target) and `case.NAME` for each data. The version is the number of the
  /// event: two documents of one transaction differ in it. Adds them to `scope`; values_of fills
  /// them in the same order.
  virtual void add_to(expression::Scope& scope) const = 0;
  virtual void values_of(const Case& value, std::vector<expression::Value>& out) const = 0;

  /// Data ↔ bytes of the store: an XML document of named, typed values, stable across added data.
  virtual std::string encode(const Case& value) const = 0;
  virtual void decode(std::string_view bytes, Case& out) const = 0;
};

}  // namespace masar::process
