#include "core/base/error.h"
#include "core/route/steps.h"

namespace masar::route {
namespace {

class Validate final : public Step {
 public:
  Validate(std::shared_ptr<const XsdGate> gate, std::string schema)
      : gate_(std::move(gate)), schema_(std::move(schema)) {}
  std::string_view name() const override { return "validate"; }
  Next run(Flow& flow) const override {
    if (!flow.document)
      throw Error(ErrorKind::rejected, "no-document", "validate: there is no document here");
    gate_->require_valid(flow.document->document_element(), schema_);
    return {};
  }

 private:
  std::shared_ptr<const XsdGate> gate_;
  std::string schema_;
};

}  // namespace

std::shared_ptr<const Step> make_validate(std::shared_ptr<const XsdGate> gate, std::string schema) {
  return std::make_shared<Validate>(std::move(gate), std::move(schema));
}

}  // namespace masar::route
