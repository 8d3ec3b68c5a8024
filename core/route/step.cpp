#include "core/route/step.h"

#include "core/base/error.h"

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
    if (count == kStepsMax) throw Error(ErrorKind::rejected, "too-many-steps", "the route does not end");
    Step::Next next = steps_[at]->run(flow);
    if (next.kind == Step::Next::Kind::exit) {
      if (next.exit.kind == Exit::Kind::call) next.exit.next = at + 1;
      return next.exit;
    }
    at = next.kind == Step::Next::Kind::jump ? next.target : at + 1;
  }
  return {};
}

std::string_view Program::step_name(std::size_t at) const {
  return at < steps_.size() ? steps_[at]->name() : std::string_view("end");
}

}  // namespace masar::route
