#include "core/route/steps.h"

namespace masar::route {

Step::Next Branch::run(Flow& flow) const {
  if (test_.evaluate(flow.frame()).as<bool>()) return {};
  return {Next::Kind::jump, target_, {}};
}

Step::Next Jump::run(Flow&) const { return {Next::Kind::jump, target_, {}}; }

}  // namespace masar::route
