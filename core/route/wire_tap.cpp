#include "core/route/steps.h"

namespace masar::route {
namespace {

class WireTap final : public Step {
 public:
  WireTap(std::string endpoint, std::string operation)
      : endpoint_(std::move(endpoint)), operation_(std::move(operation)) {}
  std::string_view name() const override { return "wire-tap"; }
  Next run(Flow& flow) const override {
    flow.taps.push_back({endpoint_, operation_, flow.headers, flow.document});
    return {};
  }

 private:
  std::string endpoint_;
  std::string operation_;
};

}  // namespace

std::shared_ptr<const Step> make_wire_tap(std::string endpoint, std::string operation) {
  return std::make_shared<WireTap>(std::move(endpoint), std::move(operation));
}

}  // namespace masar::route
