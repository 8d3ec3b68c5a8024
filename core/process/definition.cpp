#include "core/process/definition.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/process/adoption.h"
#include "core/process/builder.h"
#include "core/process/codec.h"
#include "core/process/interpreter.h"

namespace masar::process {
namespace {

using expression::Kind;
using expression::Value;

/// What values_of() gives beside the data, and about as much again: what a route adds.
constexpr std::size_t kMoreValues = 16;

class CompiledDefinition final : public Definition {
 public:
  explicit CompiledDefinition(std::unique_ptr<const Model> model) : model_(std::move(model)) {
    for (const auto& task : model_->tasks) tasks_.push_back(task.declaration);
    for (const auto& data : model_->data) data_.push_back(data.declaration);
  }

  Transition open(const std::string& key, const std::string& snapshot, const Event& event,
                  const Inputs& inputs) const override {
    Case fresh;
    fresh.key = key;
    fresh.process = model_->name;
    fresh.snapshot = snapshot;
    Run run(*model_, fresh, inputs);
    run.start(event);
    return run.finish();
  }

  Transition apply(const Case& before, const Event& event, const Inputs& inputs) const override {
    Run run(*model_, before, inputs);
    run.take(event);
    return run.finish();
  }

  Transition fire(const Case& before, const Deadline& deadline,
                  const Inputs& inputs) const override {
    const Event event{"deadline." + deadline.name, {}, {}};
    Run run(*model_, before, inputs);
    run.come_due(deadline);
    run.take(event);
    Transition fired = run.finish();
    // Undone, it would come due for ever; there is nobody to tell either.
    if (fired.disposition == Disposition::refused)
      throw Error(ErrorKind::rejected, "deadline-refused",
                  "deadline " + deadline.name + " was refused: " + fired.refusal);
    return fired;
  }

  Transition escalate(const Case& before, const std::string& task_id,
                      const Inputs& inputs) const override {
    Run run(*model_, before, inputs);
    run.escalate(task_id);
    return run.finish();
  }

  Transition answer(const Case& before, const std::string& task_id, const std::string& answer,
                    const std::vector<Value>& fields, const Inputs& inputs) const override {
    const auto task = std::find_if(before.tasks.begin(), before.tasks.end(),
                                   [&](const Task& open) { return open.id == task_id; });
    if (task == before.tasks.end())
      throw Error(ErrorKind::rejected, "task-over", "task " + task_id + " is not open");
    Event event{"task." + task->name + "." + answer, fields, {}};
    event.fields.push_back(Value(task->effect));
    Run run(*model_, before, inputs);
    run.answer(*task);
    run.take(event);
    return run.finish();
  }

  Transition ask(const Case& before, const std::string& task, const std::string& effect,
                 const std::string& detail, const Inputs& inputs) const override {
    const auto found = model_->task_index.find(task);
    if (found == model_->task_index.end())
      throw Error(ErrorKind::rejected, "unknown-task",
                  "process " + model_->name + " has no task " + task);
    Run run(*model_, before, inputs);
    run.ask(found->second, effect, detail);
    return run.finish();
  }

  Adopted adopt(const Definition& from, const Case& before, const Inputs& inputs) const override {
    return adopt_case(*model_, from, before, inputs);
  }
  std::vector<std::string> takes(std::string_view state) const override {
    const auto found = model_->state_index.find(state);
    std::vector<std::string> names;
    if (found == model_->state_index.end()) return names;
    for (std::size_t e = 0; e < model_->events.size(); ++e) {
      if (model_->events[e].kind != EventKind::message) continue;
      for (int s = found->second; s > 0; s = model_->state(s).parent) {
        const auto& arcs = model_->state(s).arcs;
        if (std::none_of(arcs.begin(), arcs.end(),
                         [e](const Arc& arc) { return !arc.matches.empty() && arc.matches[e]; }))
          continue;
        names.push_back(model_->events[e].declaration.name);
        break;
      }
    }
    return names;
  }

  const std::string& name() const override { return model_->name; }
  const std::vector<EventDeclaration>& events() const override { return model_->messages; }
  const EventDeclaration* event(std::string_view name) const override {
    for (const auto& event : model_->messages)
      if (event.name == name) return &event;
    return nullptr;
  }
  const std::vector<TaskDeclaration>& tasks() const override { return tasks_; }
  int deadline_place(std::string_view name) const override {
    const auto& all = model_->deadlines;
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
    return found == all.end() ? -1 : static_cast<int>(found - all.begin());
  }
  const std::vector<DataDeclaration>& data() const override { return data_; }
  const std::vector<EffectDeclaration>& effects() const override { return model_->effects; }
  const std::vector<std::pair<std::string, config::Place>>& series() const override {
    return model_->series;
  }
  const std::vector<ReplyDeclaration>& replies() const override { return model_->replies; }

  bool opens_with(std::string_view event) const override {
    const auto found = model_->event_index.find(event);
    return found != model_->event_index.end() &&
           model_->events[static_cast<std::size_t>(found->second)].opens;
  }
  bool is_end(std::string_view state) const override {
    const auto found = model_->state_index.find(state);
    return found != model_->state_index.end() && model_->state(found->second).is_final;
  }
  std::string waits_for(std::string_view state) const override {
    const auto found = model_->state_index.find(state);
    for (int s = found == model_->state_index.end() ? -1 : found->second; s > 0;
         s = model_->state(s).parent)
      if (!model_->state(s).waits_for.empty()) return model_->state(s).waits_for;
    return {};
  }
  std::vector<std::string> alias_names() const override {
    std::vector<std::string> names;
    for (const auto& alias : model_->aliases) names.push_back(alias.name);
    return names;
  }

  void add_to(expression::Scope& scope) const override {
    for (const char* name : {"case.key", "case.state", "case.waiting-for"})
      scope.add(name, type_of(Kind::text));
    scope.add("case.version", type_of(Kind::integer));
    for (const char* name : {"case.since", "case.opened", "case.deadline"})
      scope.add(name, type_of(Kind::instant));
    for (const auto& data : data_) scope.add("case." + data.name, data.type);
  }

  void values_of(const Case& value, std::vector<Value>& out) const override {
    std::optional<Instant> earliest;
    for (const auto& deadline : value.deadlines) {
      const auto found = model_->event_index.find("deadline." + deadline.name);
      if (found == model_->event_index.end() ||
          !model_->events[static_cast<std::size_t>(found->second)].leads)
        continue;
      if (!earliest || deadline.due < *earliest) earliest = deadline.due;
    }
    out.reserve(out.size() + data_.size() + kMoreValues);
    out.push_back(Value(value.key));
    out.push_back(Value(value.state));
    out.push_back(Value(waits_for(value.state)));
    out.push_back(Value(value.event_number));
    out.push_back(Value(value.since));
    out.push_back(Value(value.opened));
    out.push_back(earliest ? Value(*earliest) : Value());
    for (std::size_t i = 0; i < data_.size(); ++i)
      out.push_back(i < value.data.size() ? value.data[i] : Value());
  }

  std::string encode(const Case& value) const override { return encode_data(*model_, value.data); }
  void decode(std::string_view bytes, Case& out) const override {
    out.data = decode_data(*model_, bytes);
  }

 private:
  std::unique_ptr<const Model> model_;
  std::vector<TaskDeclaration> tasks_;
  std::vector<DataDeclaration> data_;
};

void check_document(const config::Element& root, config::Diagnostics& diagnostics) {
  check_shape(root, diagnostics);
  const std::string model = value_of(root, "datamodel");
  if (attribute_of(root, "datamodel") != nullptr && model != "masar")
    diagnostics.add(place_of(root, "datamodel"), "data model \"" + model + "\" is not supported",
                    "write datamodel=\"masar\"");
  if (attribute_of(root, "version") != nullptr && value_of(root, "version") != "1.0")
    diagnostics.add(place_of(root, "version"),
                    "unknown version \"" + value_of(root, "version") + "\"",
                    "write version=\"1.0\"");
}

}  // namespace

std::shared_ptr<const Definition> Definition::compile(const config::Element& scxml,
                                                      const std::string& zone,
                                                      const expression::Lookups& lookups,
                                                      config::Diagnostics& diagnostics) {
  if (!is_named(scxml, "scxml")) {
    diagnostics.add(scxml.place, "a process is an <scxml> document",
                    "write <scxml xmlns=\"" + std::string(kScxml) + "\" xmlns:m=\"" +
                        std::string(kMasar) + "\" …>");
    return nullptr;
  }
  // Findings of other files do not count here.
  config::Diagnostics own;
  auto model = std::make_unique<Model>();
  model->name = value_of(scxml, "name");
  Builder builder{*model, zone, lookups, own, {}, {}, {}};
  check_document(scxml, own);
  declare_data(builder, scxml);
  declare_events(builder, scxml);
  declare_states(builder, scxml);
  compile_declarations(builder, scxml);
  compile_states(builder);
  if (own.empty()) check_model(builder);
  for (const auto& finding : own.findings())
    diagnostics.add(finding.place, finding.what, finding.hint);
  if (!own.empty()) return nullptr;
  name_types(*model);
  return std::make_shared<CompiledDefinition>(std::move(model));
}

const EffectDeclaration* Definition::effect(std::string_view name) const {
  const auto& all = effects();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace masar::process
