#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/expression/expression.h"
#include "core/mapping/mapping.h"
#include "core/message/xsd_gate.h"
#include "core/route/step.h"

namespace masar::route {

// One maker a step; each lives in a file of its own, named after its element.

std::shared_ptr<const Step> make_validate(std::shared_ptr<const XsdGate> gate, std::string schema);
std::shared_ptr<const Step> make_map(mapping::Mapping mapping);
/// Binds the value to the variable of `slot`.
std::shared_ptr<const Step> make_enrich(std::size_t slot, expression::Expression value);
std::shared_ptr<const Step> make_set_header(std::string name, expression::TextTemplate value);
std::shared_ptr<const Step> make_call(std::string endpoint, std::string operation);
std::shared_ptr<const Step> make_to();
std::shared_ptr<const Step> make_refuse(std::string code, expression::TextTemplate text);
std::shared_ptr<const Step> make_dead_letter(std::string code);
std::shared_ptr<const Step> make_verdict(Verdict verdict);
/// Ends the run where the test is not true.
std::shared_ptr<const Step> make_filter(expression::Expression test);
std::shared_ptr<const Step> make_wire_tap(std::string endpoint, std::string operation);

/// A choice is compiled to branches: `test` false → jump to `target`, which is set once it is
/// known.
class Branch : public Step {
 public:
  explicit Branch(expression::Expression test) : test_(std::move(test)) {}
  std::string_view name() const override { return "choice"; }
  Next run(Flow& flow) const override;
  void set_target(std::size_t target) { target_ = target; }

 private:
  expression::Expression test_;
  std::size_t target_ = 0;
};
class Jump : public Step {
 public:
  std::string_view name() const override { return "choice"; }
  Next run(Flow& flow) const override;
  void set_target(std::size_t target) { target_ = target; }
  std::size_t target() const { return target_; }

 private:
  std::size_t target_ = 0;
};

}  // namespace masar::route
