#include "core/route/steps.h"

namespace masar::route {
namespace {

class Enrich final : public Step {
 public:
  Enrich(std::size_t slot, expression::Expression value) : slot_(slot), value_(std::move(value)) {}
  std::string_view name() const override { return "enrich"; }
  Next run(Flow& flow) const override {
    expression::Value value = value_.evaluate(flow.frame());
    if (flow.variables.size() <= slot_) flow.variables.resize(slot_ + 1);
    flow.variables[slot_] = std::move(value);
    return {};
  }

 private:
  std::size_t slot_;
  expression::Expression value_;
};

}  // namespace

std::shared_ptr<const Step> make_enrich(std::size_t slot, expression::Expression value) {
  return std::make_shared<Enrich>(slot, std::move(value));
}

}  // namespace masar::route
