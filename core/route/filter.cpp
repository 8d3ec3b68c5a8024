#include "core/route/steps.h"

namespace masar::route {
namespace {

class Filter final : public Step {
 public:
  explicit Filter(expression::Expression test) : test_(std::move(test)) {}
  std::string_view name() const override { return "filter"; }
  Next run(Flow& flow) const override {
    if (test_.evaluate(flow.frame()).as<bool>()) return {};
    Exit exit;
    exit.kind = Exit::Kind::filtered;
    return {Next::Kind::exit, 0, std::move(exit)};
  }

 private:
  expression::Expression test_;
};

}  // namespace

std::shared_ptr<const Step> make_filter(expression::Expression test) {
  return std::make_shared<Filter>(std::move(test));
}

}  // namespace masar::route
