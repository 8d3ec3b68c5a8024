// The steps that end a run: call, to, refuse, dead-letter, verdict.
#include "core/route/steps.h"

namespace masar::route {
namespace {

class End : public Step {
 public:
  End(std::string_view name, Exit exit) : name_(name), exit_(std::move(exit)) {}
  std::string_view name() const override { return name_; }
  Next run(Flow&) const override { return {Next::Kind::exit, 0, exit_}; }

 private:
  std::string_view name_;
  Exit exit_;
};

class Refuse final : public Step {
 public:
  Refuse(std::string code, expression::TextTemplate text)
      : code_(std::move(code)), text_(std::move(text)) {}
  std::string_view name() const override { return "refuse"; }
  Next run(Flow& flow) const override {
    Exit exit;
    exit.kind = Exit::Kind::refuse;
    exit.code = code_;
    exit.text = text_.evaluate(flow.frame());
    return {Next::Kind::exit, 0, std::move(exit)};
  }

 private:
  std::string code_;
  expression::TextTemplate text_;
};

Exit exit_of(Exit::Kind kind) {
  Exit exit;
  exit.kind = kind;
  return exit;
}

}  // namespace

std::shared_ptr<const Step> make_call(std::string endpoint, std::string operation) {
  Exit exit = exit_of(Exit::Kind::call);
  exit.endpoint = std::move(endpoint);
  exit.operation = std::move(operation);
  return std::make_shared<End>("call", std::move(exit));
}

std::shared_ptr<const Step> make_to() {
  return std::make_shared<End>("to", exit_of(Exit::Kind::to));
}

std::shared_ptr<const Step> make_refuse(std::string code, expression::TextTemplate text) {
  return std::make_shared<Refuse>(std::move(code), std::move(text));
}

std::shared_ptr<const Step> make_dead_letter(std::string code) {
  Exit exit = exit_of(Exit::Kind::dead_letter);
  exit.code = std::move(code);
  return std::make_shared<End>("dead-letter", std::move(exit));
}

std::shared_ptr<const Step> make_verdict(Verdict verdict) {
  Exit exit = exit_of(Exit::Kind::verdict);
  exit.verdict = verdict;
  return std::make_shared<End>("verdict", std::move(exit));
}

std::string_view verdict_name(Verdict verdict) {
  static constexpr std::string_view kNames[]{"done", "not-done", "undecided"};
  return kNames[static_cast<int>(verdict)];
}

}  // namespace masar::route
