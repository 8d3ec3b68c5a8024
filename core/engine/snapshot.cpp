#include "core/engine/snapshot.h"

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/config/pack.h"
#include "core/engine/endpoint_loader.h"
#include "core/engine/hub_loader.h"
#include "core/expression/lookup_file.h"
#include "core/message/xml_writer.h"
#include "core/route/compiler.h"

namespace masar::engine {
namespace {

/// Loads the files of one configuration, layer by layer, in the order in which they refer to each
/// other.
class Loader {
 public:
  Loader(const config::Files& files, const config::Settings& overrides,
         config::Diagnostics& diagnostics, bool restored = false)
      : files_(files), overrides_(overrides), diagnostics_(diagnostics), restored_(restored) {}

  std::shared_ptr<const Snapshot> load() {
    const auto before = diagnostics_.findings().size();
    snapshot_->hash = files_.hash;
    if (!load_hub_file(diagnostics_)) return nullptr;  // nothing else could be judged
    load_calendars();
    load_lookups();
    load_schemas();
    load_mappings();
    load_processes();
    load_endpoints();
    load_routes();
    note_queries();
    check_effects();
    for (const auto& route : snapshot_->routes) {
      check_refusals(*route);
      check_unknown(*route);
      check_fail_over(*route);
    }
    for (const auto& route : snapshot_->routes) check_inquiry(*route);
    load_lists();
    if (diagnostics_.findings().size() != before) return nullptr;
    snapshot_->content = config::pack(files_, used_settings());
    snapshot_->reader.emplace(snapshot_->prefixes, snapshot_->hub.xml);
    return snapshot_;
  }

  /// Without what is current for every case: what a newer program would find there is no matter.
  std::shared_ptr<const Snapshot> restore() {
    const auto before = diagnostics_.findings().size();
    config::Diagnostics ignored;
    snapshot_->hash = files_.hash;
    if (!load_hub_file(ignored)) return nullptr;
    load_lookups();
    load_schemas();
    load_mappings();
    load_processes();
    for (const auto& file : files_.endpoints) load_edge(file);
    load_routes();
    if (diagnostics_.findings().size() != before) return nullptr;
    snapshot_->reader.emplace(snapshot_->prefixes, snapshot_->hub.xml);
    return snapshot_;
  }

 private:
  config::Element* document(const config::File& file) {
    auto loaded = config::load_element(file.path, file.contents, diagnostics_);
    if (!loaded) return nullptr;
    snapshot_->documents.push_back(std::make_unique<config::Element>(std::move(*loaded)));
    return snapshot_->documents.back().get();
  }

  bool root_is(const config::Element& root, std::string_view name) {
    if (root.name.local == name) return true;
    diagnostics_.add(root.place, "the root of this file is <" + root.name.local + ">",
                     "write <" + std::string(name) + ">");
    return false;
  }

  bool load_hub_file(config::Diagnostics& diagnostics) {
    auto* root = document(files_.hub[0]);
    if (!root || !root_is(*root, "hub")) return false;
    if (const auto* calendar = root->attribute("calendar")) calendar_place_ = calendar->value_place;
    snapshot_->settings = read_settings(*root, overrides_, diagnostics);
    config::resolve_settings(*root, snapshot_->settings, diagnostics);
    load_hub(*root, *snapshot_, diagnostics);
    snapshot_->library.prefixes = snapshot_->prefixes;
    snapshot_->library.zone = snapshot_->hub.zone;
    snapshot_->library.lookups = &snapshot_->lookups;
    return true;
  }

  /// The settings that hub.xml itself uses: zone and namespaces may be written with them.
  config::Settings used_settings() const {
    config::Settings used;
    for (const auto& [name, value] : snapshot_->settings) {
      if (files_.hub[0].contents.find("${" + name + "}") != std::string::npos) used[name] = value;
    }
    return used;
  }

  void load_calendars() {
    for (const auto& file : files_.calendars) {
      const auto* root = document(file);
      if (!root || !root_is(*root, "calendar")) continue;
      auto calendar = process::Calendar::load(*root, diagnostics_);
      if (calendar) snapshot_->calendars.emplace(file.name, std::move(*calendar));
    }
    const auto& named = snapshot_->hub.calendar;
    if (!named.empty() && !snapshot_->calendars.contains(named)) {
      diagnostics_.add(calendar_place_, "unknown calendar \"" + named + "\"",
                       config::suggest(named, route::keys_of(snapshot_->calendars)));
    }
    if (named.empty() || !snapshot_->calendars.contains(named)) {
      snapshot_->calendars.emplace(named, process::Calendar(snapshot_->hub.zone, {}, {}));
    }
  }

  void load_lookups() {
    for (const auto* list : {&files_.lookups, &files_.texts}) {
      for (const auto& file : *list) {
        const auto* root = document(file);
        if (!root || !root_is(*root, "lookup")) continue;
        auto lookup = expression::load_lookup(*root, diagnostics_);
        if (lookup) snapshot_->lookups[lookup->name] = std::move(*lookup);
      }
    }
  }

  void load_schemas() {
    auto& sources = snapshot_->schemas;
    for (const auto& file : files_.schemas) sources.push_back({file.name, file.contents});
    for (const auto& file : files_.schemas) {
      try {
        snapshot_->library.schemas[file.name] = std::make_shared<XsdGate>(sources, file.name);
      } catch (const Error& error) {
        diagnostics_.add({file.path, 0, 0}, error.what(), "");
      }
    }
  }

  void load_mappings() {
    for (const auto& file : files_.mappings) {
      const auto* root = document(file);
      if (!root || !root_is(*root, "mapping")) continue;
      const std::string id(root->value("id"));
      if (id != file.name) {
        diagnostics_.add(root->place, "mapping \"" + id + "\" stands in a file of another name",
                         "write id=\"" + file.name + "\"");
      }
      snapshot_->library.mappings[file.name] = root;
    }
  }

  void load_processes() {
    for (const auto& file : files_.processes) {
      const auto* root = document(file);
      if (!root || !root_is(*root, "scxml")) continue;
      auto process = process::Definition::compile(*root, snapshot_->hub.zone, snapshot_->lookups,
                                                  diagnostics_);
      if (process) {
        if (!restored_) check_series(*process);
        snapshot_->library.processes[process->name()] = std::move(process);
      } else {
        snapshot_->library.faulty_processes.emplace(root->value("name"));
      }
    }
  }

  void check_series(const process::Definition& process) {
    std::vector<std::string> known;
    for (const auto& series : snapshot_->hub.series) known.push_back(series.name);
    for (const auto& [name, place] : process.series()) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      diagnostics_.add(place, "hub.xml declares no series \"" + name + "\"",
                       config::suggest(name, known));
    }
  }

  /// The elements that its schema declares, as routes write them.
  std::vector<std::string> roots_of(const Endpoint& endpoint) const {
    std::vector<std::string> roots;
    for (const auto& element : endpoint.gate->elements()) {
      const auto end = element.find('}');
      if (end == std::string::npos) {
        roots.push_back(element);
        continue;
      }
      const auto prefix = snapshot_->prefixes.find(element.substr(1, end - 1));
      if (prefix != snapshot_->prefixes.end())
        roots.push_back(prefix->second + ":" + element.substr(end + 1));
    }
    return roots;
  }

  void load_endpoints() {
    for (const auto& file : files_.endpoints) {
      auto* root = document(file);
      if (!root || !root_is(*root, "endpoint")) continue;
      config::resolve_settings(*root, snapshot_->settings, diagnostics_);
      auto endpoint = load_endpoint(*root, *snapshot_, diagnostics_);
      if (!endpoint) continue;
      const std::string id = endpoint->spec.id;
      if (id != file.name) {
        diagnostics_.add(root->place, "endpoint \"" + id + "\" stands in a file of another name",
                         "write id=\"" + file.name + "\"");
      }
      snapshot_->library.endpoints[id] = endpoint->spec.inbound;
      if (endpoint->gate) snapshot_->library.roots[id] = roots_of(*endpoint);
      snapshot_->library.operations[id] = declared_operations(*endpoint);
      snapshot_->endpoints[id] = std::move(endpoint);
    }
    for (auto& [id, endpoint] : snapshot_->endpoints)
      link_endpoint(*endpoint, *snapshot_, diagnostics_);
  }

  /// Of an endpoint of a restored snapshot: what its routes name.
  void load_edge(const config::File& file) {
    const auto* root = document(file);
    if (!root || !root_is(*root, "endpoint")) return;
    auto endpoint = std::make_unique<Endpoint>();
    endpoint->place = root->place;
    endpoint->spec.id = file.name;
    endpoint->spec.inbound = root->value("direction") == "in";
    endpoint->spec.schema = root->value("schema");
    const auto gate = snapshot_->library.schemas.find(endpoint->spec.schema);
    if (gate != snapshot_->library.schemas.end()) {
      endpoint->gate = gate->second;
      if (root->value("unknown") == "drop")
        endpoint->known = std::make_shared<XsdNames>(snapshot_->schemas, gate->first);
    }
    snapshot_->library.endpoints[file.name] = endpoint->spec.inbound;
    snapshot_->endpoints[file.name] = std::move(endpoint);
  }

  static std::vector<std::string> declared_operations(const Endpoint& endpoint) {
    std::vector<std::string> names;
    const auto* own = endpoint.spec.root->element(endpoint.connector);
    if (!own) return names;
    for (const auto* one : own->elements("operation")) names.emplace_back(one->value("name"));
    return names;
  }

  void load_routes() {
    for (const auto& file : files_.routes) {
      const auto* root = document(file);
      if (!root || !root_is(*root, "route")) continue;
      auto route = route::Route::compile(*root, snapshot_->library, diagnostics_);
      if (!route) {
        faulty_routes_.emplace(root->value("id"));
        if (const auto* from = root->element("from"))
          faulty_.emplace(from->value("process"), from->value("effect"));
        continue;
      }
      index(*route, root->place);
      snapshot_->routes.push_back(std::move(route));
    }
  }

  void index(const route::Route& route, const config::Place& place) {
    if (route.mode == route::Mode::inquiry) return;  // routes name it
    const bool effect = !route.from_effect.empty();
    auto& by = effect ? snapshot_->by_effect : snapshot_->by_message;
    const auto key = effect ? std::pair(route.process->name(), route.from_effect)
                            : std::pair(route.from_endpoint, route.from_type);
    if (!by.emplace(key, &route).second) {
      diagnostics_.add(
          place, "another route is from \"" + key.first + "\", \"" + key.second + "\" already", "");
    }
  }

  void load_lists() {
    for (const auto& file : files_.lists) {
      const auto* root = document(file);
      if (!root || !root_is(*root, "list")) continue;
      auto list = load_message_list(
          *root, {snapshot_->library, snapshot_->routes, faulty_routes_.empty()}, diagnostics_);
      if (!list) continue;
      if (list->id != file.name) {
        diagnostics_.add(root->place, "list \"" + list->id + "\" stands in a file of another name",
                         "write id=\"" + file.name + "\"");
      }
      snapshot_->lists[file.name] = std::move(*list);
    }
  }

  /// For connectors with a way in that may change nothing.
  void note_queries() {
    for (auto& [id, endpoint] : snapshot_->endpoints) {
      bool any = false, all = true;
      for (const auto& route : snapshot_->routes) {
        if (route->from_endpoint != id) continue;
        any = true;
        all = all && route->mode == route::Mode::query;
      }
      endpoint->spec.queries = any && all;
    }
  }

  /// A sender without a reply learns of a refusal only through the endpoint's refusals= (ENGINE.md
  /// 1).
  void check_refusals(const route::Route& route) {
    if (!route.from_effect.empty() || route.mode != route::Mode::durable) return;
    const auto* endpoint = snapshot_->endpoint(route.from_endpoint);
    if (!endpoint || route.has_reply() || !endpoint->refusals.empty()) return;
    diagnostics_.add(
        route.place, "nobody would be told of a message that is refused by its case",
        "give endpoint \"" + route.from_endpoint + "\" refusals=, or the route a <reply>");
  }

  /// An unknown outcome is repeated, asked about, or told (ENGINE.md 18).
  void check_unknown(const route::Route& route) {
    for (const auto& failure : route.failures) {
      if (failure.kind != "unknown") continue;
      if (!failure.inquiry.empty()) check_inquired(route, failure);
      for (const auto& call : route.calls) check_unknown(failure, call);
    }
  }

  /// What the second endpoint must be to take the first one's effects without doing one twice.
  void check_fail_over(const route::Route& route) {
    for (const auto& call : route.calls) {
      const auto* first = snapshot_->endpoint(call.endpoint);
      const auto* second = call.or_else.empty() ? nullptr : snapshot_->endpoint(call.or_else);
      if (!first || !second) continue;  // none, or its own mistakes are told
      if (first->spec.schema != second->spec.schema) {
        diagnostics_.add(call.or_else_place,
                         "endpoint \"" + call.or_else + "\" takes other messages than \"" +
                             call.endpoint + "\"",
                         "name one with schema=\"" + first->spec.schema + "\"");
      }
      if (!first->delivery.idempotent) continue;
      // An attempt before the last may have been done: it was unknown, and repeated.
      diagnostics_.add(call.or_else_place,
                       "endpoint \"" + call.endpoint +
                           "\" is idempotent: an unknown attempt is repeated there, and "
                           "elsewhere it would be done twice",
                       "leave out or-else, or declare the endpoint at-most-once");
    }
  }

  void check_unknown(const route::OnFailure& failure, const route::Call& call) {
    if (!call.or_else.empty()) check_unknown(failure, {call.or_else, call.operation, call.place});
    const auto* endpoint = snapshot_->endpoint(call.endpoint);
    if (!endpoint) return;  // its own mistakes are told
    if (endpoint->delivery.idempotent) {
      if (failure.inquiry.empty()) return;
      diagnostics_.add(failure.inquiry_place,
                       "endpoint \"" + call.endpoint + "\", which this route calls, is idempotent",
                       "leave out inquiry=: an unknown outcome is attempted again");
    } else if (failure.event.empty() && failure.task.empty()) {
      diagnostics_.add(failure.place,
                       "endpoint \"" + call.endpoint +
                           "\" is not idempotent: nobody would hear of an unknown outcome",
                       "give it event=… or task=…, and inquiry=… where the partner can be asked");
    }
  }

  void check_inquired(const route::Route& route, const route::OnFailure& failure) {
    inquiries_.insert(failure.inquiry);
    if (faulty_routes_.contains(failure.inquiry)) return;  // its own mistakes are told
    const auto* inquiry = snapshot_->route(failure.inquiry);
    if (!inquiry || inquiry->mode != route::Mode::inquiry) {
      std::vector<std::string> known;
      for (const auto& other : snapshot_->routes) {
        if (other->mode == route::Mode::inquiry) known.push_back(other->id);
      }
      const std::string what = inquiry ? "route \"" + failure.inquiry + "\" is no inquiry"
                                       : "unknown inquiry \"" + failure.inquiry + "\"";
      const std::string hint = known.empty() ? "write a route with mode=\"inquiry\""
                                             : config::suggest(failure.inquiry, known);
      return diagnostics_.add(failure.inquiry_place, what, hint);
    }
    if (inquiry->process == route.process) return;
    diagnostics_.add(failure.inquiry_place,
                     "inquiry \"" + failure.inquiry + "\" is from process \"" +
                         inquiry->process->name() + "\"",
                     "name one with <from process=\"" + route.process->name() + "\"/>");
  }

  /// A question may be asked twice: it is, where its own outcome is unknown.
  void check_inquiry(const route::Route& route) {
    if (route.mode != route::Mode::inquiry) return;
    for (const auto& call : route.calls) {
      const auto* endpoint = snapshot_->endpoint(call.endpoint);
      if (!endpoint || endpoint->delivery.idempotent) continue;
      diagnostics_.add(call.place,
                       "endpoint \"" + call.endpoint +
                           "\", which this inquiry asks, is not idempotent",
                       "name one with <idempotency kind=\"idempotent\"/>");
    }
    if (inquiries_.contains(route.id) || !faulty_routes_.empty()) return;
    diagnostics_.add(
        route.place, "no route names the inquiry \"" + route.id + "\"",
        "write inquiry=\"" + route.id + "\" at an <on-failure kind=\"unknown\" …/>");
  }

  void check_effects() {
    for (const auto& [name, process] : snapshot_->library.processes) {
      for (const auto& effect : process->effects()) {
        if (snapshot_->of_effect(name, effect.name)) continue;
        if (faulty_.contains(std::pair(name, effect.name))) continue;  // it has one, with mistakes
        diagnostics_.add(
            effect.place, "effect \"" + effect.name + "\" has no route",
            "write a route with <from process=\"" + name + "\" effect=\"" + effect.name + "\"/>");
      }
    }
  }

  const config::Files& files_;
  const config::Settings& overrides_;
  config::Diagnostics& diagnostics_;
  const bool restored_;
  config::Place calendar_place_;
  std::set<std::pair<std::string, std::string>> faulty_;  // process, effect of routes with mistakes
  std::set<std::string> faulty_routes_;                   // ids
  std::set<std::string> inquiries_;                       // named by routes
  std::shared_ptr<Snapshot> snapshot_ = std::make_shared<Snapshot>();
};

}  // namespace

std::shared_ptr<const Snapshot> Snapshot::load(const std::string& directory,
                                               const config::Settings& overrides,
                                               config::Diagnostics& diagnostics) {
  const auto files = config::Files::load(directory, diagnostics);
  if (files.hub.empty()) return nullptr;
  return Loader(files, overrides, diagnostics).load();
}

std::shared_ptr<const Snapshot> Snapshot::restore(const std::string& hash, std::string_view content,
                                                  config::Diagnostics& diagnostics) {
  const auto packed = config::unpack(content);
  if (!packed || packed->files.hash != hash || packed->files.hub.empty()) {
    throw Error(ErrorKind::internal, "snapshot-content",
                "the store's configuration " + hash + " is corrupt");
  }
  return Loader(packed->files, packed->settings, diagnostics, true).restore();
}

const process::Calendar& Snapshot::calendar() const { return calendars.find(hub.calendar)->second; }

const Endpoint* Snapshot::endpoint(std::string_view id) const {
  const auto found = endpoints.find(id);
  return found == endpoints.end() ? nullptr : found->second.get();
}

Document through_gate(const Endpoint& endpoint, Document document, std::string& body) {
  if (!endpoint.gate) return document;
  if (endpoint.known) {
    Document known = endpoint.known->known_of(document);
    if (known != document) body = write_xml(*known);
    document = std::move(known);
  }
  endpoint.gate->require_valid(document->document_element());
  return document;
}

const route::Route* Snapshot::inbound(std::string_view endpoint, std::string_view type) const {
  auto found = by_message.find(std::pair(std::string(endpoint), std::string(type)));
  if (found == by_message.end())
    found = by_message.find(std::pair(std::string(endpoint), std::string()));
  return found == by_message.end() ? nullptr : found->second;
}

const route::Route* Snapshot::of_effect(std::string_view process, std::string_view effect) const {
  const auto found = by_effect.find(std::pair(std::string(process), std::string(effect)));
  return found == by_effect.end() ? nullptr : found->second;
}

const route::Route* Snapshot::route(std::string_view id) const {
  for (const auto& route : routes) {
    if (route->id == id) return route.get();
  }
  return nullptr;
}

}  // namespace masar::engine
