#include "core/route/steps.h"

namespace masar::route {
namespace {

class Map final : public Step {
 public:
  explicit Map(mapping::Mapping mapping) : mapping_(std::move(mapping)) {}
  std::string_view name() const override { return "map"; }
  Next run(Flow& flow) const override {
    flow.document = mapping_.apply(flow.frame());
    return {};
  }

 private:
  mapping::Mapping mapping_;
};

}  // namespace

std::shared_ptr<const Step> make_map(mapping::Mapping mapping) {
  return std::make_shared<Map>(std::move(mapping));
}

}  // namespace masar::route
