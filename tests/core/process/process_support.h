#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/config/element.h"
#include "core/process/definition.h"

/// What the tests of processes share: documents around a body, events by field names, a case that
/// goes on.
namespace masar::process::testing {

using expression::Value;

inline Instant at(const char* text) { return parse_instant(text).value(); }

/// A process named "p" with the given head (datamodel, events …) and states.
inline std::string document(const std::string& body, const std::string& attributes = "") {
  return "<scxml xmlns=\"http://www.w3.org/2005/07/scxml\" xmlns:m=\"urn:masar:process\" "
         "version=\"1.0\" "
         "datamodel=\"masar\" name=\"p\" " +
         attributes + ">" + body + "</scxml>";
}

inline std::string findings(const std::string& xml) {
  config::Diagnostics diagnostics;
  static const expression::Lookups none;
  if (const auto root = config::load_element("p.scxml", xml, diagnostics))
    Definition::compile(*root, "Asia/Amman", none, diagnostics);
  return diagnostics.text();
}

inline std::shared_ptr<const Definition> define(const std::string& xml) {
  config::Diagnostics diagnostics;
  static const expression::Lookups none;
  std::shared_ptr<const Definition> definition;
  if (const auto root = config::load_element("p.scxml", xml, diagnostics))
    definition = Definition::compile(*root, "Asia/Amman", none, diagnostics);
  BOOST_REQUIRE_MESSAGE(definition != nullptr, diagnostics.text());
  return definition;
}

/// A case and its definition, driven by hand.
class Player {
 public:
  explicit Player(std::shared_ptr<const Definition> definition)
      : definition_(std::move(definition)) {
    inputs_.serial = [this](std::string_view series) {
      return std::string(series) + "-" + std::to_string(++serials_);
    };
    inputs_.calendar = &calendar_;
    to("2026-01-04T05:00:00Z");
  }
  explicit Player(const std::string& xml) : Player(define(xml)) {}

  void to(const char* instant) { inputs_.now = inputs_.applied = at(instant); }
  Inputs& inputs() { return inputs_; }

  Event event(const std::string& name, const std::map<std::string, Value>& fields = {},
              const std::string& sender = "") const {
    Event made{name, {}, sender};
    const EventDeclaration* declared = definition_->event(name);
    if (declared == nullptr) return made;
    for (const auto& [field, type] : declared->fields) {
      const auto found = fields.find(field);
      made.fields.push_back(found == fields.end() ? Value() : found->second);
    }
    return made;
  }
  const Transition& open(const std::string& name = "go",
                         const std::map<std::string, Value>& fields = {}) {
    return keep(definition_->open("K-1", "snapshot", event(name, fields), inputs_));
  }
  const Transition& send(const std::string& name, const std::map<std::string, Value>& fields = {},
                         const std::string& sender = "") {
    return keep(definition_->apply(last_.after, event(name, fields, sender), inputs_));
  }
  /// The open deadline of that name comes due.
  const Transition& fire(const std::string& name) {
    const Deadline deadline = this->deadline(name).value();
    inputs_.now = deadline.due;
    if (inputs_.applied < inputs_.now) inputs_.applied = inputs_.now;
    return keep(definition_->fire(last_.after, deadline, inputs_));
  }
  const Transition& answer(const std::string& task, const std::string& answer,
                           const std::vector<Value>& fields = {}) {
    return keep(
        definition_->answer(last_.after, this->task(task).value().id, answer, fields, inputs_));
  }
  const Transition& keep(Transition transition) {
    last_ = std::move(transition);
    return last_;
  }

  const Transition& last() const { return last_; }
  const Case& now() const { return last_.after; }
  const std::string& state() const { return last_.after.state; }
  const Definition& definition() const { return *definition_; }
  const Value& data(const std::string& name) const {
    const auto& declared = definition_->data();
    for (std::size_t i = 0; i < declared.size(); ++i)
      if (declared[i].name == name) return last_.after.data[i];
    throw Error(ErrorKind::internal, "test", "no data " + name);
  }
  std::string text(const std::string& name) const { return expression::to_text(data(name)); }
  std::optional<Deadline> deadline(const std::string& name) const {
    for (const auto& open : last_.after.deadlines)
      if (open.name == name) return open;
    return std::nullopt;
  }
  std::optional<Task> task(const std::string& name) const {
    for (const auto& open : last_.after.tasks)
      if (open.name == name) return open;
    return std::nullopt;
  }
  /// Names of the effects of the last transition, with their first argument where that is text.
  std::string effects() const {
    std::string all;
    for (const auto& effect : last_.effects) {
      if (!all.empty()) all += ' ';
      all += effect.name;
      if (!effect.arguments.empty() && effect.arguments[0].second.is_set())
        all += ":" + expression::to_text(effect.arguments[0].second);
    }
    return all;
  }

 private:
  std::shared_ptr<const Definition> definition_;
  Calendar calendar_{"Asia/Amman", {5, 6}, {}};
  Inputs inputs_;
  int serials_ = 0;
  Transition last_;
};

inline std::string code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return "none";
}

}  // namespace masar::process::testing
