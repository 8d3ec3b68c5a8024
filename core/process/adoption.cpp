#include "core/process/adoption.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/process/codec.h"
#include "core/process/interpreter.h"

namespace masar::process {
namespace {

using expression::Kind;
using expression::Value;

bool holds_something(const Value& value, const expression::Type& type) {
  if (!value.is_set()) return false;
  if (type.kind == Kind::table)
    return !value.as<std::shared_ptr<const expression::Table>>()->rows.empty();
  if (type.kind == Kind::list)
    return !value.as<std::shared_ptr<const expression::List>>()->empty();
  return true;
}

/// One case on its way from one definition to another.
class Adoption {
 public:
  Adoption(const Model& model, const Definition& from, const Case& before, const Inputs& inputs)
      : model_(model), from_(from), before_(before), inputs_(inputs) {}

  Adopted run() {
    out_.after = before_;
    if (!find_state()) return std::move(out_);
    take_data();
    check_deadlines();
    check_tasks();
    check_names();
    if (!out_.reasons.empty()) return std::move(out_);
    try {
      out_.after = Run(model_, out_.after, inputs_).take_over(fresh_);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::rejected) throw;
      refuse(error.what());
    }
    return std::move(out_);
  }

 private:
  void refuse(std::string reason) { out_.reasons.push_back(std::move(reason)); }

  bool find_state() {
    const auto found = model_.state_index.find(before_.state);
    if (found == model_.state_index.end()) {
      refuse("state " + before_.state + " is gone");
    } else if (!model_.state(found->second).is_atomic()) {
      refuse("state " + before_.state + " has states of its own by now");
    } else {
      state_ = found->second;
    }
    return state_ > 0;
  }

  // The declared type of data of this name, with its value; null where there is none.
  const DataDeclaration* had(std::string_view name, bool& holds) const {
    const auto& declared = from_.data();
    for (std::size_t at = 0; at < declared.size(); ++at) {
      if (declared[at].name != name) continue;
      holds = at < before_.data.size() && holds_something(before_.data[at], declared[at].type);
      return &declared[at];
    }
    return nullptr;
  }

  void take_data() {
    out_.after.data = decode_data(model_, from_.encode(before_));
    for (const auto& old : from_.data()) {
      bool holds = false;
      if (had(old.name, holds) && holds && !model_.data_index.contains(old.name))
        refuse("data " + old.name + " is gone, and would be lost");
    }
    for (std::size_t slot = 0; slot < model_.data.size(); ++slot) take_one(slot);
  }

  void take_one(std::size_t slot) {
    const auto& data = model_.data[slot];
    const auto& type = data.declaration.type;
    bool holds = false;
    const auto* old = had(data.declaration.name, holds);
    const bool same =
        old && expression::type_name(old->type) == expression::type_name(type);
    if (same) return;
    if (holds) {
      refuse("data " + data.declaration.name + " is a " + expression::type_name(old->type) +
             ", and no " + expression::type_name(type));
    } else if (data.initial) {
      fresh_.push_back(slot);
    } else if (type.kind != Kind::table && type.kind != Kind::list) {
      refuse("data " + data.declaration.name + " has no default, and the case lacks it");
    }
  }

  void check_deadlines() {
    for (auto& deadline : out_.after.deadlines) {
      const auto& all = model_.deadlines;
      const auto found = std::find_if(all.begin(), all.end(),
                                      [&](const auto& one) { return one.name == deadline.name; });
      if (found == all.end()) {
        refuse("deadline " + deadline.name + " is gone");
      } else if (found->owner >= 0 && !model_.inside(state_, found->owner)) {
        refuse("deadline " + deadline.name + " is none of state " + before_.state + " any more");
      } else {
        deadline.order = static_cast<int>(found - all.begin());
      }
    }
  }

  void check_tasks() {
    for (const auto& task : before_.tasks) {
      if (!model_.task_index.contains(task.name)) refuse("task " + task.name + " is gone");
      for (const auto& state : task.until) {
        if (!model_.state_index.contains(state))
          refuse("state " + state + ", which ends task " + task.name + ", is gone");
      }
    }
  }

  // What it waits for, and what it may be found by.
  void check_names() {
    for (const auto& event : from_.takes(before_.state)) {
      if (!model_.event_index.contains(event))
        refuse("event " + event + ", which it waits for, is gone");
    }
    for (const auto& alias : from_.alias_names()) {
      const auto& all = model_.aliases;
      if (std::none_of(all.begin(), all.end(), [&](const auto& one) { return one.name == alias; }))
        refuse("alias " + alias + " is gone");
    }
  }

  const Model& model_;
  const Definition& from_;
  const Case& before_;
  const Inputs& inputs_;
  int state_ = 0;
  std::vector<std::size_t> fresh_;  ///< data that take their default
  Adopted out_;
};

}  // namespace

Adopted adopt_case(const Model& model, const Definition& from, const Case& before,
                   const Inputs& inputs) {
  return Adoption(model, from, before, inputs).run();
}

}  // namespace masar::process
