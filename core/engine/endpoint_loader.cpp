#include "core/engine/endpoint_loader.h"

#include <algorithm>
#include <sstream>

#include "core/config/fields.h"
#include "core/route/compiler.h"

namespace masar::engine {
namespace {

using config::ElementTable;
using config::Kind;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

const ElementTable kEndpoint{
    "endpoint",
    "One named, configured edge of a partner.",
    {{"id", Kind::name, true, "", "its name", {}},
     {"partner", Kind::name, true, "", "the partner it belongs to", {}},
     {"connector", Kind::name, true, "", "the connector: its protocol", {}},
     {"direction", Kind::choice, true, "", "in or out", {"in", "out"}},
     {"schema",
      Kind::text,
      false,
      "",
      "file name in schemas/ that its messages are valid against",
      {}},
     {"unknown",
      Kind::choice,
      false,
      "refuse",
      "what becomes of elements and attributes that the schema does not know",
      {"refuse", "drop"}},
     {"refusals", Kind::name, false, "", "outbound endpoint that is told of refused messages", {}},
     {"refusal-mapping", Kind::text, false, "", "mapping that writes the refusal", {}},
     {"wait", Kind::duration, false, "PT8S", "how long a caller waits for its reply", {}}},
    {"*"}};
const ElementTable kTimeout{"timeout",
                            "How long one attempt may take.",
                            {{"after", Kind::duration, true, "PT5S", "the limit", {}}},
                            {}};
const ElementTable kRetry{
    "retry",
    "How often, and at which intervals, an attempt is repeated.",
    {{"attempts", Kind::integer, true, "5", "attempts in all", {}},
     {"first", Kind::duration, true, "PT1S", "the first interval", {}},
     {"factor", Kind::integer, false, "2", "each interval is so many times the one before", {}},
     {"max", Kind::duration, true, "PT1M", "the longest interval", {}},
     {"jitter", Kind::integer, false, "20", "random part of an interval, percent", {}}},
    {}};
const ElementTable kBreaker{
    "breaker",
    "Stops attempts for a while after failures in a row.",
    {{"failures", Kind::integer, true, "5", "failures in a row; 0: no breaker", {}},
     {"open", Kind::duration, true, "PT5S", "how long it stays open", {}}},
    {}};
const ElementTable kRate{"rate",
                         "Attempts a second at most.",
                         {{"per-second", Kind::integer, true, "0", "0: unlimited", {}}},
                         {}};
const ElementTable kConcurrency{"concurrency",
                                "Attempts under way at once at most, each from its choice until "
                                "its outcome has come.",
                                {{"max", Kind::integer, true, "8", "attempts", {}}},
                                {}};
const ElementTable kIdempotency{"idempotency",
                                "Whether an attempt with an unknown outcome may be repeated.",
                                {{"kind",
                                  Kind::choice,
                                  true,
                                  "at-most-once",
                                  "what the partner does with a repetition",
                                  {"idempotent", "at-most-once"}}},
                                {}};
const ElementTable kDeduplicate{
    "deduplicate",
    "A key by which a message that comes again is known.",
    {{"name", Kind::name, false, "", "its name; default: the key's text", {}},
     {"key", Kind::expression, true, "", "where the key stands", {}},
     {"same",
      Kind::text,
      false,
      "",
      "paths, separated by spaces, whose content must be the same",
      {}},
     {"keep", Kind::span, false, DuplicateKey::kKeepUnlessSaid, "how long it is known", {}},
     {"of",
      Kind::choice,
      false,
      "message",
      "of the whole message or of each part",
      {"message", "part"}}},
    {}};

const std::vector<std::string_view> kDelivery{"timeout", "retry",       "breaker",
                                              "rate",    "concurrency", "idempotency"};

milliseconds to_ms(Duration duration) { return duration_cast<milliseconds>(duration); }

void read_delivery(const config::Element& root, Endpoint& endpoint,
                   config::Diagnostics& diagnostics) {
  DeliveryPolicy& policy = endpoint.delivery;
  std::size_t expected = 0;
  for (const auto* element : root.elements()) {
    const auto found = std::find(kDelivery.begin(), kDelivery.end(), element->name.local);
    if (found == kDelivery.end()) continue;
    const auto at = static_cast<std::size_t>(found - kDelivery.begin());
    if (at < expected) {
      diagnostics.add(
          element->place, "<" + element->name.local + "> stands in the wrong place",
          "write timeout, retry, breaker, rate, concurrency, idempotency in this order, each once");
    }
    expected = at + 1;
  }
  const auto part = [&](const ElementTable& table) -> std::optional<config::Values> {
    const auto* element = root.element(table.element);
    if (element) return config::Values(table, *element, diagnostics);
    diagnostics.add(root.place, "an outbound endpoint states <" + std::string(table.element) + ">",
                    "write timeout, retry, breaker, rate, concurrency, idempotency, in this order");
    return std::nullopt;
  };
  if (const auto v = part(kTimeout)) policy.timeout = to_ms(v->duration("after"));
  if (const auto v = part(kRetry)) {
    policy.attempts = static_cast<int>(std::clamp<std::int64_t>(v->integer("attempts"), 1, 1'000));
    policy.first = to_ms(v->duration("first"));
    policy.factor = static_cast<double>(std::clamp<std::int64_t>(v->integer("factor"), 1, 100));
    policy.max = to_ms(v->duration("max"));
    policy.jitter_percent =
        static_cast<int>(std::clamp<std::int64_t>(v->integer("jitter"), 0, 100));
  }
  if (const auto v = part(kBreaker)) {
    policy.breaker_failures = static_cast<int>(v->integer("failures"));
    policy.breaker_open = to_ms(v->duration("open"));
  }
  if (const auto v = part(kRate))
    policy.rate_per_second = static_cast<double>(v->integer("per-second"));
  if (const auto v = part(kConcurrency)) {
    policy.concurrency = static_cast<int>(std::clamp<std::int64_t>(v->integer("max"), 1, 10'000));
  }
  if (const auto v = part(kIdempotency)) policy.idempotent = v->text("kind") == "idempotent";
  endpoint.spec.timeout = policy.timeout;
  endpoint.spec.idempotent = policy.idempotent;
  endpoint.spec.concurrency = static_cast<std::size_t>(policy.concurrency);
}

void check_children(const config::Element& root, const Endpoint& endpoint,
                    config::Diagnostics& diagnostics) {
  std::vector<std::string> known{endpoint.connector};
  if (endpoint.spec.inbound) {
    known.push_back("deduplicate");
  } else {
    known.insert(known.end(), kDelivery.begin(), kDelivery.end());
  }
  for (const auto* element : root.elements()) {
    if (std::find(known.begin(), known.end(), element->name.local) != known.end()) continue;
    diagnostics.add(element->place,
                    "unknown element <" + element->name.local + "> in this endpoint",
                    config::suggest(element->name.local, known));
  }
  if (!endpoint.connector.empty() && !root.element(endpoint.connector)) {
    diagnostics.add(root.place, "the settings of its connector are missing",
                    "write <" + endpoint.connector + " …/>");
  }
}

void link_key(const config::Element& element, Endpoint& endpoint, const Snapshot& snapshot,
              config::Diagnostics& diagnostics) {
  const config::Values values(kDeduplicate, element, diagnostics);
  const auto scope = route::message_scope(snapshot.library);
  const auto* key = element.attribute("key");
  if (!key) return;
  auto compiled =
      expression::compile(key->value, key->value_place, scope,
                          expression::Type{expression::Kind::text, {}, {}}, diagnostics);
  if (!compiled) return;
  DuplicateKey duplicate{values.has("name") ? values.text("name") : key->value,
                         values.text("of") == "part",
                         std::move(*compiled),
                         {},
                         values.span("keep")};
  std::istringstream paths(values.text("same"));
  for (std::string path; paths >> path;) {
    auto same = expression::compile(path, values.place("same"), scope,
                                    expression::Type{expression::Kind::nodes, {}, {}}, diagnostics);
    if (same) duplicate.same.push_back(std::move(*same));
  }
  endpoint.keys.push_back(std::move(duplicate));
}

/// Of unknown="drop".
void load_known(Endpoint& endpoint, const Snapshot& snapshot, const config::Values& values,
                config::Diagnostics& diagnostics) {
  if (endpoint.spec.schema.empty()) {
    return diagnostics.add(values.place("unknown"), "without a schema nothing is unknown",
                           "write schema=\"FILE.xsd\"");
  }
  if (!endpoint.gate) return;  // that there is no such schema is told
  endpoint.known = std::make_shared<XsdNames>(snapshot.schemas, endpoint.spec.schema);
  if (endpoint.known->wildcard().empty()) return;
  diagnostics.add(values.place("unknown"),
                  "nothing is unknown to this schema: " + endpoint.known->wildcard(),
                  "leave out unknown=, or the wildcard");
}

}  // namespace

std::unique_ptr<Endpoint> load_endpoint(const config::Element& root, const Snapshot& snapshot,
                                        config::Diagnostics& diagnostics) {
  const config::Values values(kEndpoint, root, diagnostics);
  if (!values.has("id")) return nullptr;
  auto endpoint = std::make_unique<Endpoint>();
  endpoint->place = root.place;
  endpoint->connector = values.text("connector");
  endpoint->refusals = values.text("refusals");
  auto& spec = endpoint->spec;
  spec.id = values.text("id");
  spec.partner = values.text("partner");
  spec.inbound = values.text("direction") == "in";
  spec.root = &root;
  spec.schema = values.text("schema");
  spec.schemas = &snapshot.schemas;
  spec.xml = snapshot.hub.xml;
  spec.timeout = to_ms(values.duration("wait"));
  check_children(root, *endpoint, diagnostics);
  if (!spec.inbound) read_delivery(root, *endpoint, diagnostics);
  if (!spec.schema.empty()) {
    const auto found = snapshot.library.schemas.find(spec.schema);
    if (found != snapshot.library.schemas.end()) {
      endpoint->gate = found->second;
    } else {
      diagnostics.add(values.place("schema"), "unknown schema \"" + spec.schema + "\"",
                      config::suggest(spec.schema, route::keys_of(snapshot.library.schemas)));
    }
  }
  if (values.text("unknown") == "drop") load_known(*endpoint, snapshot, values, diagnostics);
  return endpoint;
}

void link_endpoint(Endpoint& endpoint, const Snapshot& snapshot, config::Diagnostics& diagnostics) {
  const config::Element& root = *endpoint.spec.root;
  for (const auto* element : root.elements("deduplicate"))
    link_key(*element, endpoint, snapshot, diagnostics);
  if (endpoint.refusals.empty()) return;
  const config::Place place = root.attribute("refusals")->value_place;
  const auto* target = snapshot.endpoint(endpoint.refusals);
  if (!target || target->spec.inbound) {
    std::vector<std::string> outbound;
    for (const auto& [id, inbound] : snapshot.library.endpoints) {
      if (!inbound) outbound.push_back(id);
    }
    diagnostics.add(place, "no outbound endpoint \"" + endpoint.refusals + "\"",
                    config::suggest(endpoint.refusals, outbound));
  }
  const auto* named = root.attribute("refusal-mapping");
  if (!named) {
    diagnostics.add(root.place,
                    "refusals= needs refusal-mapping=", "name the mapping that writes the refusal");
    return;
  }
  const auto mapping = snapshot.library.mappings.find(named->value);
  if (mapping == snapshot.library.mappings.end()) {
    diagnostics.add(named->value_place, "unknown mapping \"" + named->value + "\"",
                    config::suggest(named->value, route::keys_of(snapshot.library.mappings)));
    return;
  }
  endpoint.refusal = route::compile_refusal(*mapping->second, snapshot.library, diagnostics);
}

}  // namespace masar::engine
