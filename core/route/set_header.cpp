#include "core/route/steps.h"

namespace masar::route {
namespace {

class SetHeader final : public Step {
 public:
  SetHeader(std::string header, expression::TextTemplate value)
      : header_(std::move(header)), value_(std::move(value)) {}
  std::string_view name() const override { return "set-header"; }
  Next run(Flow& flow) const override {
    std::string value = value_.evaluate(flow.frame());
    for (auto& [name, old] : flow.headers) {
      if (name != header_) continue;
      old = std::move(value);
      return {};
    }
    flow.headers.emplace_back(header_, std::move(value));
    return {};
  }

 private:
  std::string header_;
  expression::TextTemplate value_;
};

}  // namespace

std::shared_ptr<const Step> make_set_header(std::string name, expression::TextTemplate value) {
  return std::make_shared<SetHeader>(std::move(name), std::move(value));
}

}  // namespace masar::route
