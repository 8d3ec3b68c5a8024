#include "core/expression/expression.h"

#include "core/base/error.h"
#include "core/expression/node.h"

namespace masar::expression {

std::size_t Scope::add(std::string name, Type type) {
  if (slots_.contains(name))
    throw Error(ErrorKind::internal, "double-name", "$" + name + " is added twice");
  const std::size_t slot = variables_.size();
  slots_.emplace(name, slot);
  variables_.emplace_back(std::move(name), std::move(type));
  return slot;
}

std::optional<std::size_t> Scope::find(std::string_view name) const {
  const auto found = slots_.find(name);
  if (found == slots_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> Scope::names() const {
  std::vector<std::string> names;
  for (const auto& [name, type] : variables_) names.push_back(name);
  return names;
}

namespace {

/// An Env with the room that the expression's own variables need.
class Run {
 public:
  Run(const Expression::Code& code, const Frame& frame) : env{frame, code, frame.context} {
    if (code.locals == 0) return;
    locals_.resize(code.locals);
    env.locals = locals_.data();
  }
  Env env;

 private:
  std::vector<Value> locals_;
};

std::optional<std::string_view> text_of_part(Env& env, const Node& part, std::string& storage) {
  return part.type.kind == Kind::nodes ? text_of_nodes(env, part, storage)
                                       : part.view(env, storage);
}

/// Whether evaluate_optional() may end without a value, instead of an error, for what is unset.
bool only_unset(const Env& env) { return env.unset && env.unset->unset_code() == "unset-value"; }

}  // namespace

Value Expression::evaluate(const Frame& frame) const {
  Run run(*code_, frame);
  Value value = code_->root->eval(run.env);
  if (!value.is_set()) fail_unset(run.env);
  return value;
}

Value Expression::evaluate_optional(const Frame& frame) const {
  Run run(*code_, frame);
  Value value = code_->root->eval(run.env);
  if (!value.is_set() && !only_unset(run.env)) fail_unset(run.env);
  return value;
}

bool Expression::evaluate_boolean(const Frame& frame) const {
  Run run(*code_, frame);
  const Truth truth = code_->root->test(run.env);
  if (truth == Truth::unset) fail_unset(run.env);
  return truth == Truth::yes;
}

void Expression::for_each_node(const Frame& frame,
                               const std::function<void(pugi::xml_node)>& use) const {
  Run run(*code_, frame);
  const auto visit = [&use](pugi::xml_node node) {
    use(node);
    return true;
  };
  if (!code_->root->each_node(run.env, Visitor(visit))) fail_unset(run.env);
}

std::optional<std::string_view> Expression::evaluate_text(const Frame& frame,
                                                          std::string& storage) const {
  Run run(*code_, frame);
  const auto text = text_of_part(run.env, *code_->root, storage);
  if (!text && !only_unset(run.env)) fail_unset(run.env);
  return text;
}

const Type& Expression::type() const noexcept { return code_->root->type; }
const config::Place& Expression::place() const noexcept { return code_->place; }
const std::string& Expression::source() const noexcept { return code_->source; }
std::vector<std::string> Expression::reads() const { return code_->reads; }

// ── text templates ───────────────────────────────────────────────────────────────────────────────

std::string TextTemplate::evaluate(const Frame& frame) const {
  std::string text;
  std::string storage;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    text += parts_[i];
    if (i >= expressions_.size()) break;
    Run run(expressions_[i].code(), frame);
    const auto part = text_of_part(run.env, *run.env.code.root, storage);
    if (!part) fail_unset(run.env);
    text += *part;
  }
  return text;
}

bool TextTemplate::append_optional(const Frame& frame, std::string& out) const {
  const std::size_t before = out.size();
  std::string storage;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    out += parts_[i];
    if (i >= expressions_.size()) break;
    const auto part = expressions_[i].evaluate_text(frame, storage);
    if (!part) {
      out.resize(before);
      return false;
    }
    out += *part;
  }
  return true;
}

}  // namespace masar::expression
