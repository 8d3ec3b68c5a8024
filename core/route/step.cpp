#include "core/route/step.h"

#include "core/base/error.h"
#include "core/route/steps.h"

namespace masar::route {

namespace {
constexpr int kStepsMax = 10'000;
}

expression::Frame Flow::frame() const {
  expression::Frame frame;
  frame.variables = variables;
  if (document) frame.context = *document;
  frame.host = host;
  return frame;
}

Exit Program::run(Flow& flow, std::size_t start) const {
  std::size_t at = start;
  for (int count = 0; at < steps_.size(); ++count) {
    if (count == kStepsMax)
      throw Error(ErrorKind::rejected, "too-many-steps", "the route does not end");
    Step::Next next = steps_[at]->run(flow);
    if (next.kind == Step::Next::Kind::exit) {
      if (next.exit.kind == Exit::Kind::call) next.exit.next = after(at + 1);
      return next.exit;
    }
    at = next.kind == Step::Next::Kind::jump ? next.target : at + 1;
  }
  return {};
}

// Where a reply goes on: behind the jump that ends a branch of a choice, so that "nothing follows"
// is seen.
std::size_t Program::after(std::size_t at) const {
  while (at < steps_.size()) {
    const auto* jump = dynamic_cast<const Jump*>(steps_[at].get());
    if (!jump) break;
    at = jump->target();
  }
  return at;
}

std::string_view Program::step_name(std::size_t at) const {
  return at < steps_.size() ? steps_[at]->name() : std::string_view("end");
}

}  // namespace masar::route
