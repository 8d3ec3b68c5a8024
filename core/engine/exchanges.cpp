#include "core/engine/exchanges.h"

#include <algorithm>
#include <sstream>

#include "core/message/xml_names.h"
#include "core/process/event_descriptor.h"

namespace masar::engine {
namespace {

using config::Element;
using connector::Correlation;
using connector::ElementName;
using connector::Exchange;

constexpr std::string_view kProcessUri = "urn:masar:process";

std::vector<const Element*> roots_named(const Snapshot& snapshot, std::string_view name) {
  std::vector<const Element*> found;
  for (const auto& document : snapshot.documents) {
    if (document->name.local == name) found.push_back(document.get());
  }
  return found;
}

ElementName name_of(const std::string& type, const Prefixes& prefixes) {
  ElementName name{{}, std::string(local_part(type))};
  for (const auto& [uri, prefix] : prefixes) {
    if (prefix == prefix_part(type)) name.uri = uri;
  }
  return name;
}

std::string type_of(const ElementName& name, const Prefixes& prefixes) {
  const auto prefix = prefixes.find(name.uri);
  return prefix == prefixes.end() ? name.local : prefix->second + ":" + name.local;
}

/// The literal elements that a template may begin with; its own elements have no namespace.
void add_roots(const Element& in, std::vector<ElementName>& roots) {
  static constexpr std::string_view kOwn[]{"for-each", "if", "choose", "when", "otherwise"};
  for (const Element* child : in.elements()) {
    const bool own = child->name.uri.empty() &&
                     std::find(std::begin(kOwn), std::end(kOwn), child->name.local) !=
                         std::end(kOwn);
    if (own) {
      add_roots(*child, roots);
    } else if (child->name.local != "variable" || !child->name.uri.empty()) {
      roots.push_back({child->name.uri, child->name.local});
    }
  }
}

/// Walks the routes for one endpoint.
class Finder {
 public:
  Finder(const Snapshot& snapshot, const Endpoint& endpoint)
      : snapshot_(snapshot), endpoint_(endpoint) {}

  std::vector<Exchange> find() {
    for (const Element* route : roots_named(snapshot_, "route")) {
      const Element* from = route->element("from");
      if (!from) continue;
      if (!endpoint_.spec.inbound) {
        take_sent(*route, begun(*route, *from));
      } else if (from->value("endpoint") == endpoint_.spec.id) {
        take_received(*route, *from);
      }
    }
    if (!endpoint_.spec.inbound) take_refusals();
    return std::move(found_);
  }

 private:
  /// What a message is at one place of a route.
  struct State {
    std::vector<ElementName> roots;
    std::vector<std::string> headers;
    Correlation correlation = Correlation::none;
  };

  /// An effect, or an inquiry about one, is of a case; what is kept on its way to one is not yet.
  State begun(const Element& route, const Element& from) const {
    State state;
    if (from.value("endpoint").empty()) state.correlation = Correlation::case_key;
    if (route.value("mode") == "pass-through") state.correlation = Correlation::sender;
    const std::string type(from.value("type"));
    if (!type.empty()) state.roots.push_back(name_of(type, snapshot_.prefixes));
    return state;
  }

  std::vector<ElementName> roots_of(std::string_view mapping) const {
    std::vector<ElementName> roots;
    const auto found = snapshot_.library.mappings.find(mapping);
    if (found == snapshot_.library.mappings.end()) return roots;
    if (const Element* output = found->second->element("output")) add_roots(*output, roots);
    return roots;
  }

  void add(Exchange exchange) {
    const auto same = std::find_if(found_.begin(), found_.end(), [&](const Exchange& one) {
      return one.root == exchange.root && one.reply == exchange.reply &&
             one.operation == exchange.operation;
    });
    if (same == found_.end()) return found_.push_back(std::move(exchange));
    same->join(exchange);
  }

  void add(const ElementName& root, bool from_partner, bool reply, std::string operation = {},
           std::vector<std::string> headers = {}, std::set<Correlation> correlation = {}) {
    add(Exchange{root, type_of(root, snapshot_.prefixes), from_partner, reply,
                 std::move(operation), std::move(headers), std::move(correlation)});
  }

  // Inbound.

  void take_received(const Element& route, const Element& from) {
    const std::string type(from.value("type"));
    add(type.empty() ? ElementName{} : name_of(type, snapshot_.prefixes), true, false);
    if (route.value("mode") == "query") return add_replies(route);
    for (const Element* one : route.elements()) {
      if (one->name.local == "reply") add_replies(*one);
      if (one->name.local == "aggregate") add_reply(one->value("using"));
    }
  }

  void add_replies(const Element& in) {
    for (const Element* one : in.elements()) {
      if (one->name.local == "map") add_reply(one->value("using"));
      add_replies(*one);
    }
  }

  void add_reply(std::string_view mapping) {
    for (const ElementName& root : roots_of(mapping)) add(root, false, true);
  }

  // Outbound.

  /// The steps up to the call; what follows it looks at the reply.
  void take_sent(const Element& in, State state) {
    for (const Element* one : in.elements()) {
      const std::string& name = one->name.local;
      if (name == "map") {
        state.roots = roots_of(one->value("using"));
      } else if (name == "set-header") {
        state.headers.emplace_back(one->value("name"));
        if (state.headers.back() == "correlation-id") state.correlation = Correlation::route;
      } else if (name == "call" || name == "wire-tap") {
        const std::string& id = endpoint_.spec.id;
        if (one->value("endpoint") == id || one->value("or-else") == id)
          add_sent(state, std::string(one->value("operation")));
      } else if (name == "choice" || name == "when" || name == "otherwise") {
        take_sent(*one, state);
      }
    }
  }

  void add_sent(const State& state, const std::string& operation) {
    const std::vector<ElementName> any(1);
    for (const ElementName& root : state.roots.empty() ? any : state.roots)
      add(root, false, false, operation, state.headers, {state.correlation});
  }

  void take_refusals() {
    for (const auto& [id, other] : snapshot_.endpoints) {
      if (other->refusals != endpoint_.spec.id) continue;
      for (const ElementName& root : roots_of(other->spec.root->value("refusal-mapping")))
        add(root, false, false, {}, {}, {Correlation::case_key});
    }
  }

  const Snapshot& snapshot_;
  const Endpoint& endpoint_;
  std::vector<Exchange> found_;
};

/// Whether one of an event descriptor's names is the event's, or a prefix of it (SCXML 3.12.1).
bool descriptor_fits(std::string_view descriptor, const std::string& event) {
  std::istringstream names{std::string(descriptor)};
  for (std::string name; names >> name;) {
    if (name == "*" || process::is_of_prefix(event, process::event_prefix(name))) return true;
  }
  return false;
}

class RefusalFinder {
 public:
  explicit RefusalFinder(const Snapshot& snapshot) : snapshot_(snapshot) {}

  std::vector<DeclaredRefusal> find(const std::string& endpoint) {
    for (const Element* route : roots_named(snapshot_, "route")) {
      const Element* from = route->element("from");
      if (!from || from->value("endpoint") != endpoint) continue;
      type_ = from->value("type");
      const Element* no_case = route->element("no-case");
      if (no_case && (no_case->value("do").empty() || no_case->value("do") == "refuse") &&
          route->value("mode") != "query") {
        const std::string code(no_case->value("code"));
        add(code.empty() ? "no-such-case" : code, {}, DeclaredRefusal::By::no_case);
      }
      in_route(*route);
      if (const Element* to = route->element("to"))
        in_process(to->value("process"), std::string(to->value("event")));
    }
    return std::move(found_);
  }

 private:
  void add(std::string_view code, std::string_view text, DeclaredRefusal::By by) {
    DeclaredRefusal refusal{std::string(code), std::string(text), by, type_};
    if (std::find(found_.begin(), found_.end(), refusal) == found_.end())
      found_.push_back(std::move(refusal));
  }

  void in_route(const Element& in) {
    for (const Element* one : in.elements()) {
      if (one->name.local == "refuse")
        add(one->value("code"), one->value("text"), DeclaredRefusal::By::route);
      in_route(*one);
    }
  }

  void in_process(std::string_view process, const std::string& event) {
    for (const Element* root : roots_named(snapshot_, "scxml")) {
      if (root->value("name") == process) in_states(*root, event);
    }
  }

  void in_states(const Element& in, const std::string& event) {
    for (const Element* one : in.elements()) {
      if (one->name.local == "state" || one->name.local == "final") in_states(*one, event);
      if (one->name.local == "transition" && descriptor_fits(one->value("event"), event))
        in_content(*one);
      if (one->name.local == "otherwise" && one->name.uri == kProcessUri &&
          one->value("do") == "refuse" && descriptor_fits(one->value("events"), event)) {
        add(one->value("code"), {}, DeclaredRefusal::By::process);
      }
    }
  }

  void in_content(const Element& in) {
    for (const Element* one : in.elements()) {
      if (one->name.local == "refuse" && one->name.uri == kProcessUri)
        add(one->value("code"), {}, DeclaredRefusal::By::process);
      in_content(*one);
    }
  }

  const Snapshot& snapshot_;
  std::string type_;
  std::vector<DeclaredRefusal> found_;
};

}  // namespace

std::vector<Exchange> exchanges_of(const Snapshot& snapshot, const Endpoint& endpoint) {
  return Finder(snapshot, endpoint).find();
}

std::vector<DeclaredRefusal> refusals_of(const Snapshot& snapshot, const Endpoint& endpoint) {
  return RefusalFinder(snapshot).find(endpoint.spec.id);
}

}  // namespace masar::engine
