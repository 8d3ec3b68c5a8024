#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/process/definition.h"

/// The compiled form of a process: what the loader builds, the checks look at and the interpreter
/// runs. Immutable once compiled. Indices are positions in the vectors of Model.
namespace masar::process {

/// What expressions of one place can see: the process's data and the moment, and the fields of the
/// events that can lead there. Fields follow the fixed variables, in this order.
struct View {
  expression::Scope scope;
  std::vector<std::string> fields;     ///< without "event."
  std::vector<std::vector<int>> from;  ///< by event: position of each field in the event, or -1
};

struct Action;
using Block = std::vector<Action>;

/// A due time as it is declared: exactly one of span, length, at, before.
struct Due {
  std::optional<Span> span;
  std::optional<expression::Expression> length;  ///< a duration
  std::optional<expression::Expression> at;      ///< an instant
  std::string before;                            ///< a deadline, open when this one is set
  Duration lead{0};                              ///< how long before it
  bool from_applied = false;
  bool round_second = false;
};

struct Assign {
  std::size_t slot;
  expression::Expression value;
};
struct Branch {
  std::optional<expression::Expression> condition;  ///< none: else
  Block block;
};
struct If {
  std::vector<Branch> branches;
};
struct Foreach {
  expression::Expression array;
  std::size_t item;
  std::size_t columns = 0;  ///< of a table: how many slots after `item` take the row's columns
  std::optional<std::size_t> index;
  Block block;
};
struct Put {
  std::size_t slot;
  std::size_t key;
  std::vector<std::optional<expression::Expression>> columns;
};
struct Clear {
  std::size_t slot;
};
/// Arguments by the declared arguments of the effect or reply; none where this use leaves one out.
struct Emit {
  int effect;
  std::vector<std::optional<expression::Expression>> arguments;
  std::optional<expression::Expression> not_after;
  bool essential = false;
  bool for_case = false;
};
struct Say {
  int reply;
  std::vector<std::optional<expression::Expression>> arguments;
};
struct Ask {
  int task;
  std::optional<expression::Expression> effect;
  std::optional<expression::Expression> detail;
};
struct Withdraw {
  int task;
  std::optional<expression::Expression> effect;
};
struct SetDeadline {
  int deadline;
  std::optional<Due> due;  ///< none: as the deadline declares
};
struct ClearDeadline {
  std::string name;
};
struct Refuse {
  std::string code;
};
struct Note {
  std::string code;
};
struct Action {
  std::variant<Assign, If, Foreach, Put, Clear, Emit, Say, Ask, Withdraw, SetDeadline,
               ClearDeadline, Refuse, Note>
      what;
};

/// A block with what its expressions see.
struct Code {
  const View* view = nullptr;
  Block block;
};

enum class EventKind { message, deadline, answer };

struct EventType {
  EventKind kind = EventKind::message;
  EventDeclaration declaration;
  bool opens = false;
  bool leads = false;  ///< whether some transition on it has a target
  config::Place place;
};

struct Arc {
  std::vector<std::string> descriptors;  ///< as written; empty: eventless
  std::vector<bool> matches;             ///< by event; empty: eventless
  const View* view = nullptr;
  std::optional<expression::Expression> condition;
  int target = -1;  ///< a state, or -1
  int domain = 0;   ///< of a target: the state around all that is left and entered
  Code code;
  config::Place place;
};

enum class Otherwise { ignore, refuse, task };
struct Cover {
  std::vector<bool> matches;  ///< by event
  Otherwise action = Otherwise::ignore;
  std::string code;
  int task = -1;
};

struct State {
  std::string id;
  int parent = -1;  ///< -1: the document
  int last = 0;     ///< the last state inside it, in document order; itself where there is none
  bool is_final = false;
  std::vector<int> children;
  int initial = -1;  ///< the state entered by default, at any depth; -1: atomic
  Code initial_code;
  std::vector<Code> on_entry;
  std::vector<Code> on_exit;
  std::vector<Arc> arcs;  ///< in document order, those of its deadlines among them
  std::vector<Cover> covers;
  std::vector<int> deadlines;
  std::string waits_for;
  config::Place place;

  bool is_atomic() const { return children.empty(); }
};

struct DeadlineType {
  std::string name;
  int owner = -1;  ///< the state it belongs to; -1: declared at top level
  bool for_case = false;
  bool on_entry = false;  ///< set when its state is entered
  std::optional<Due> due;
  std::optional<Span> every;
  int event = -1;
  int counter = -1;  ///< slot of the count of its settings
  const View* view = nullptr;
  config::Place place;
};

struct TaskType {
  TaskDeclaration declaration;
  bool for_case = false;
  std::vector<std::string> until;
  std::vector<int> until_states;
  std::vector<int> events;  ///< by answer
  config::Place place;
};

struct Data {
  DataDeclaration declaration;
  std::optional<expression::Expression> initial;
  std::size_t key = 0;  ///< column of a table
  config::Place place;
};

struct AliasType {
  std::string name;
  std::optional<expression::Expression> value;
  std::vector<int> until;
  bool while_open = false;
  int taken = -1;  ///< slot of the values that it took
  config::Place place;
};

struct Invariant {
  std::string id;
  std::optional<expression::Expression> condition;
  std::vector<int> states;  ///< empty: all
};

/// Slots of the fixed variables, after the data.
enum FixedVariable : std::size_t {
  kEventName,
  kSender,
  kNow,
  kApplied,
  kStateName,
  kFixedVariables
};

struct Model {
  std::string name;
  std::vector<Data> data;
  std::vector<std::pair<std::string, expression::Type>> hidden;  ///< kept with the data, after it
  std::vector<std::string> kept_types;  ///< names of the types of data and hidden, once compiled
  std::vector<std::string> kept_heads;  ///< what is written before their values
  std::vector<EventType> events;
  std::vector<EventDeclaration> messages;  ///< of the events, those declared by m:event
  std::vector<TaskType> tasks;
  std::vector<DeadlineType> deadlines;  ///< in document order
  std::vector<AliasType> aliases;
  std::vector<Invariant> invariants;
  std::vector<EffectDeclaration> effects;
  std::vector<std::pair<std::string, config::Place>> series;  ///< as serial() names them
  std::vector<ReplyDeclaration> replies;
  std::vector<State> states;  ///< in document order; 0 is the document itself
  std::vector<std::unique_ptr<View>> views;
  const View* plain = nullptr;  ///< without fields of events
  std::size_t variables = 0;    ///< the most that any place needs
  std::map<std::string, int, std::less<>> state_index;
  std::map<std::string, int, std::less<>> event_index;
  std::map<std::string, int, std::less<>> data_index;
  std::map<std::string, int, std::less<>> task_index;

  /// Whether `state` is `ancestor` or inside it.
  bool inside(int state, int ancestor) const {
    return state >= ancestor && state <= states[static_cast<std::size_t>(ancestor)].last;
  }
  const State& state(int index) const { return states[static_cast<std::size_t>(index)]; }
  State& state(int index) { return states[static_cast<std::size_t>(index)]; }
  std::size_t fixed(FixedVariable variable) const { return data.size() + variable; }
};

}  // namespace masar::process
