#include <algorithm>

#include "core/expression/parser.h"

// Variables and paths.
namespace masar::expression {

// ── variables ────────────────────────────────────────────────────────────────────────────────────

NodePtr Parser::known_variable(const std::string& name, std::uint32_t at) {
  for (std::size_t i = locals_.size(); i-- > 0;) {
    if (locals_[i].first != name) continue;
    auto part = std::make_unique<Variable>(at, name, i, true);
    part->type = locals_[i].second;
    return builder_.finish(std::move(part));
  }
  const auto slot = scope_->find(name);
  if (!slot) return nullptr;
  reads_.insert(name);
  auto part = std::make_unique<Variable>(at, name, *slot, false);
  part->type = scope_->type(*slot);
  return builder_.finish(std::move(part));
}

/// `$a.b.c` is the variable a.b.c, or column c of a.b, whichever there is; the longest name first.
NodePtr Parser::variable() {
  const Token token = take();
  const std::string name(token.text);
  if (NodePtr part = known_variable(name, token.offset)) return part;
  const std::size_t point = name.rfind('.');
  if (point != std::string::npos) {
    if (NodePtr part = known_variable(name.substr(0, point), token.offset)) {
      return builder_.column(std::move(part), std::string_view(name).substr(point + 1),
                             token.offset);
    }
  }
  unknown_variable(name, token.offset);
}

void Parser::unknown_variable(const std::string& name, std::uint32_t at) const {
  std::vector<std::string> names = scope_->names();
  for (const auto& [local, type] : locals_) names.push_back(local);
  for (std::size_t minus = name.rfind('-'); minus != std::string::npos && minus > 0;
       minus = name.rfind('-', minus - 1)) {
    if (std::find(names.begin(), names.end(), name.substr(0, minus)) == names.end()) continue;
    throw Mistake{at, "unknown variable $" + name,
                  "a minus has a space at both sides: $" + name.substr(0, minus) + " - …"};
  }
  throw Mistake{at, "unknown variable $" + name, config::suggest(name, names)};
}

// ── paths ────────────────────────────────────────────────────────────────────────────────────────

bool Parser::starts_step() const {
  return now().kind == Token::Kind::name || now().is(".") || now().is("..") || now().is("@") ||
         now().is("*");
}

NodePtr Parser::path() {
  const std::uint32_t from = now().offset;
  const bool absolute = now().is("/") || now().is("//");
  if (!scope_->paths && (absolute || !in_predicate_)) {
    const std::string name(now().text);
    const bool is_name = now().kind == Token::Kind::name;
    throw Mistake{from, "no document can be read here, so " + name + " selects nothing",
                  is_name && scope_->find(name) ? "write $" + name
                  : is_name ? "write '" + name + "' for a text, $name for a value"
                            : "use the variables of this place"};
  }
  auto path = std::make_unique<Path>(from);
  path->start = absolute ? Path::Start::root : Path::Start::context;
  const bool descendant = absolute && take().text == "//";
  if (!absolute || descendant || starts_step()) steps(*path, descendant);
  return finish_path(std::move(path), from);
}

NodePtr Parser::path_from(NodePtr from) {
  if (from->type.kind != Kind::nodes) {
    const bool columns = from->type.kind == Kind::row || from->type.kind == Kind::table;
    throw Mistake{now().offset, "only nodes have nodes below them, found " + type_name(from->type),
                  columns ? "name a column: $row.column" : "write div or idiv for a division"};
  }
  auto path = std::make_unique<Path>(from->offset);
  path->start = Path::Start::part;
  path->height = from->height;
  path->from = std::move(from);
  const std::uint32_t at = path->offset;
  steps(*path, take().text == "//");
  return finish_path(std::move(path), at);
}

void Parser::steps(Path& path, bool descendant) {
  while (true) {
    path.steps.push_back(step(descendant));
    for (const NodePtr& predicate : path.steps.back().predicates) {
      path.height =
          std::max<std::uint16_t>(path.height, static_cast<std::uint16_t>(predicate->height + 1));
    }
    if (!now().is("/") && !now().is("//")) return;
    if (path.of_attribute()) throw Mistake{now().offset, "an attribute has nothing below it", ""};
    descendant = take().text == "//";
  }
}

NodePtr Parser::finish_path(std::unique_ptr<Path> path, std::uint32_t from) {
  const Token& last = tokens_[at_ - 1];
  path->spelling = code_->source.substr(from, last.offset + last.text.size() - from);
  if (path->height <= 1) path->height = 1;
  std::size_t descendants = 0;
  bool below = false;  // a step that goes down has been met
  for (const Path::Step& step : path->steps) {
    if (step.axis == Path::Axis::parent && below) {
      throw Mistake{path->offset, ".. stands at the beginning of a path only",
                    "write a[b] for an a that has a b"};
    }
    descendants += step.axis == Path::Axis::descendant ? 1 : 0;
    below = below || step.axis == Path::Axis::child || step.axis == Path::Axis::descendant;
  }
  const bool climbs = !path->steps.empty() && path->steps.front().axis == Path::Axis::parent;
  path->may_repeat =
      descendants > 1 || (path->start == Path::Start::part && (descendants > 0 || climbs));
  if (path->of_attribute()) path->type = Type{Kind::text, Kind::text, nullptr};
  return builder_.finish(std::move(path));
}

Path::Step Parser::step(bool descendant) {
  Path::Step step;
  step.axis = descendant ? Path::Axis::descendant : Path::Axis::child;
  if (now().is(".") || now().is("..")) {
    if (descendant) throw Mistake{now().offset, "// is followed by a name", "write //name or //*"};
    step.axis = take().text == "." ? Path::Axis::self : Path::Axis::parent;
    return step;
  }
  if (now().is("@")) {
    if (descendant)
      throw Mistake{now().offset, "// is followed by an element's name", "write //name/@attribute"};
    take();
    step.axis = Path::Axis::attribute;
    name_test(step);
    return step;
  }
  name_test(step);
  while (accept("[")) {
    const Level level(*this);
    const bool outer = std::exchange(in_predicate_, true);
    step.predicates.push_back(builder_.predicate(expression()));
    in_predicate_ = outer;
    expect("]", "close the bracket");
  }
  return step;
}

void Parser::name_test(Path::Step& step) {
  if (accept("*")) return;
  if (now().kind != Token::Kind::name)
    unexpected("a name", "write an element's name, with its prefix: pt:name");
  const Token name = take();
  if (now().is("(") && now().glued) {
    throw Mistake{
        name.offset,
        "a path ends in an element or an attribute, not in " + std::string(name.text) + "()",
        name.text == "text" ? "leave /text() away: an element's text is its value"
                            : "put the path into the call"};
  }
  step.test = name.text.ends_with(":*") ? Path::Test::prefix : Path::Test::name;
  step.name =
      step.test == Path::Test::prefix ? name.text.substr(0, name.text.size() - 1) : name.text;
  check_prefix(name.text, name.offset);
}

void Parser::check_prefix(std::string_view name, std::uint32_t at) const {
  const auto colon = name.find(':');
  if (colon == std::string_view::npos || scope_->prefixes.empty()) return;
  const std::string prefix(name.substr(0, colon));
  const auto& known = scope_->prefixes;
  if (prefix == "xml" || prefix == "xsi" ||
      std::find(known.begin(), known.end(), prefix) != known.end())
    return;
  throw Mistake{at, "unknown prefix " + prefix, config::suggest(prefix, known)};
}

}  // namespace masar::expression
