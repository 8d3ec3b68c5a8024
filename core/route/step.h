#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/expression/expression.h"
#include "core/message/message.h"

namespace masar::route {

/// A copy of a message for an endpoint beside its way.
struct Tap {
  std::string endpoint;
  std::string operation;
  std::vector<std::pair<std::string, std::string>> headers;
  Document document;
};

/// A message on its way through the steps of a route: the state that one run owns.
struct Flow {
  Document document;  ///< null at the start of an effect's route
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<expression::Value> variables;  ///< by the slots of the section's scope
  expression::Host* host = nullptr;
  std::vector<Tap> taps;  ///< as the run came by them

  expression::Frame frame() const;
};

/// What a partner's answer says of an effect whose outcome is unknown (ENGINE.md 18).
enum class Verdict {
  done,       ///< as if the partner had answered the effect
  not_done,   ///< provably: it may be attempted again
  undecided,  ///< neither
};
/// "done", "not-done", "undecided", as configurations and people write it.
std::string_view verdict_name(Verdict verdict);

/// Where a run stopped.
struct Exit {
  enum class Kind { end, call, to, refuse, dead_letter, verdict, filtered };
  Kind kind = Kind::end;
  std::size_t next = 0;    ///< of call: the step that goes on with the reply
  std::string endpoint;    ///< of call
  std::string operation;   ///< of call
  std::string code, text;  ///< of refuse and dead_letter
  Verdict verdict = Verdict::undecided;
};

/// One pure transformation of a message on its way (DESIGN §1), compiled. Immutable; any thread.
/// run() throws Error(rejected, …) for a deterministic failure.
class Step {
 public:
  /// What follows a step: the next one, a jump, or the end of the run.
  struct Next {
    enum class Kind { next, jump, exit };
    Kind kind = Kind::next;
    std::size_t target = 0;
    Exit exit;
  };
  virtual ~Step() = default;
  virtual std::string_view name() const = 0;
  virtual Next run(Flow& flow) const = 0;
};

/// The steps of one section, run from the first or from where a reply goes on.
class Program {
 public:
  /// Runs from `start` until a step ends the run. At most 10,000 steps.
  Exit run(Flow& flow, std::size_t start = 0) const;
  bool empty() const noexcept { return steps_.empty(); }
  std::size_t size() const noexcept { return steps_.size(); }
  /// The name of the step at `at`, for a dead letter; "end" beyond the last.
  std::string_view step_name(std::size_t at) const;

  std::vector<std::shared_ptr<const Step>> steps_;

 private:
  std::size_t after(std::size_t at) const;
};

}  // namespace masar::route
