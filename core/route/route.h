#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/element.h"
#include "core/expression/expression.h"
#include "core/mapping/mapping.h"
#include "core/message/message.h"
#include "core/message/xml_reader.h"
#include "core/message/xsd_gate.h"
#include "core/process/definition.h"
#include "core/route/step.h"

namespace masar::route {

enum class Mode {
  durable,
  pass_through,
  query,
  inquiry,  ///< asks whether an effect was done whose outcome is unknown
};

/// What names in routes stand for, while they are compiled. All outlives the routes, except
/// `diagnostics`.
struct Library {
  std::map<std::string, std::shared_ptr<const process::Definition>, std::less<>> processes;
  std::map<std::string, const config::Element*, std::less<>> mappings;  ///< id → `<mapping>`
  std::map<std::string, std::shared_ptr<const XsdGate>, std::less<>> schemas;  ///< file name → gate
  std::map<std::string, bool, std::less<>> endpoints;                          ///< id → inbound
  /// Endpoint → the operations that it declares; one that declares none takes any.
  std::map<std::string, std::vector<std::string>, std::less<>> operations;
  /// Endpoint with a schema → the global elements of it, with their prefixes.
  std::map<std::string, std::vector<std::string>, std::less<>> roots;
  /// Processes that did not compile: what names them is not a mistake of its own.
  std::set<std::string, std::less<>> faulty_processes;
  const expression::Lookups* lookups = nullptr;
  Prefixes prefixes;
  std::string zone;
};

/// `<find key=…/>` or `<find alias=… value=…/>`: how a message's case is found.
struct Find {
  std::string alias;  ///< empty: by the case's key
  expression::Expression value;
};

/// `<no-case …>`: what happens to a message that finds no case (ENGINE.md 3).
struct NoCase {
  enum class Do { refuse, record, keep, open };
  Do action = Do::refuse;
  std::string code = "no-such-case";
  std::string reply;  ///< the route's reply of this name is the answer; empty: none
};

/// `<on-failure …>`: the handler of one kind of outcome (delivered has none).
struct OnFailure {
  std::string kind;   ///< unavailable, rejected, unknown, expired, failed
  std::string code;   ///< only for this code; empty: any
  std::string event;  ///< becomes this event of the case …
  std::string task;   ///< … or opens this task
  bool keep_retrying = false;
  std::optional<Span> task_after;
  /// Of unknown: the route that asks first whether it was done; event or task is for what that
  /// leaves undecided. Empty: none.
  std::string inquiry = {};
  config::Place place = {};
  config::Place inquiry_place = {};
};

/// `<call …>`: what a route asks of an outbound endpoint.
struct Call {
  std::string endpoint;
  std::string operation;
  config::Place place;
  /// Where an effect goes that ended unavailable at `endpoint`; empty: nowhere.
  std::string or_else = {};
  config::Place or_else_place = {};
};

/// Where a message came from, for the variables `$message.…`.
struct Origin {
  std::string id, sender, type, endpoint;
  std::optional<Instant> received;
};

/// Why a message was refused, for the variables `$refusal.…`.
struct Refusal {
  std::string code, text, state, key;
};

/// An immutable list of steps between an endpoint and a process, or between two endpoints (DESIGN
/// §1): what `<route>` compiles to. Any thread.
class Route {
 public:
  /// What is wrong goes to `diagnostics`, and then there is no value.
  static std::shared_ptr<const Route> compile(const config::Element& root, const Library& library,
                                              config::Diagnostics& diagnostics);

  std::string id;
  config::Place place;
  Mode mode = Mode::durable;
  std::string from_endpoint;  ///< inbound routes
  std::string from_type;
  std::optional<expression::Expression> parts;
  std::size_t parts_max = 1;  ///< of one message
  /// Tests that a message, or each part of it, passes before anything else is done with it.
  std::vector<expression::Expression> filters;
  /// Of a message in parts: makes the one reply of what became of them (engine/aggregate.h).
  std::optional<mapping::Mapping> aggregate;
  std::string from_effect;                             ///< routes of effects
  std::shared_ptr<const process::Definition> process;  ///< of from, to or query
  std::string to_event;
  std::vector<Call> calls;  ///< of routes of effects and inquiries, and of pass-through
  std::vector<Call> taps;   ///< endpoints that get copies
  std::vector<Find> finds;
  NoCase no_case;
  /// Up to `<to>`, or to the end of the effect's document (may hold calls). Of an inquiry: the
  /// question up to its call, and the answer from there to a verdict.
  Program before;
  std::map<std::string, Program, std::less<>> replies;
  Program without_case;  ///< of a query whose case is not found
  std::vector<OnFailure> failures;
  std::string report_event;

  bool has_reply() const noexcept { return !replies.empty(); }
  /// The handler for an outcome, the one that names the code first; null where none fits.
  const OnFailure* on_failure(std::string_view kind, std::string_view code) const;
  /// Whether a handler asks somebody after a time without an answer (`task-after`).
  bool counts_silence() const;
  /// The route that asks about an outcome of this kind and code; null: none.
  const std::string* inquiry(std::string_view kind, std::string_view code) const;
  /// Where an effect goes on that ended unavailable at this endpoint; empty: nowhere.
  const std::string& or_else(std::string_view endpoint, std::string_view operation) const;
  /// Whether some outcome or report of its effect becomes an event.
  bool names_event() const;
};

/// Fill the variables of a section, in the order in which the compiler declared them.
void fill_message(const Origin& origin, std::vector<expression::Value>& out);
void fill_case(const process::Definition& process, const process::Case& value,
               std::vector<expression::Value>& out);
void fill_effect(const process::Definition& process, const process::Effect& effect,
                 const std::string& id, Instant at, std::vector<expression::Value>& out);
/// The effect of an inquiry, and of what follows a `<call>`: it has no arguments.
void fill_sent(const std::string& id, const std::string& name, Instant at,
               std::vector<expression::Value>& out);
void fill_reply(const process::Definition& process, const process::Reply& reply,
                std::vector<expression::Value>& out);

/// The mapping of refusals, compiled for `$message.…` and `$refusal.…`.
std::optional<mapping::Mapping> compile_refusal(const config::Element& root, const Library& library,
                                                config::Diagnostics& diagnostics);
void fill_refusal(const Origin& origin, const Refusal& refusal,
                  std::vector<expression::Value>& out);

/// The scope of an inbound endpoint's keys and of `<find>`: `$message.…`, and paths.
expression::Scope message_scope(const Library& library);

/// What becomes of a field that the event does not declare.
enum class Extra { refuse, drop };
/// The event that an `<event>` document says. Throws Error(rejected, "bad-event") naming the field.
process::Event to_event(const process::EventDeclaration& declaration, pugi::xml_node root,
                        Extra extra = Extra::refuse);

}  // namespace masar::route
