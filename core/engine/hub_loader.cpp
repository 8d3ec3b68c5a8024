#include "core/engine/hub_loader.h"

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/config/fields.h"
#include "core/engine/random_code.h"
#include "core/route/compiler.h"
#include "core/store/postgres_store.h"

namespace masar::engine {
namespace {

using config::ElementTable;
using config::Kind;

const ElementTable kHub{
    "hub",
    "One installation.",
    {{"name", Kind::name, true, "", "its name", {}},
     {"zone", Kind::text, false, "UTC", "zone of the service, as in the zone database", {}},
     {"clock", Kind::choice, false, "system", "the business clock", {"system", "stepped"}},
     {"clock-from",
      Kind::text,
      false,
      "2026-01-04T05:00:00Z",
      "first instant of a stepped clock",
      {}},
     {"calendar", Kind::name, false, "", "calendar that counts working days", {}}},
    {"setting", "namespaces", "limits", "store", "audit", "retention", "admin", "listener",
     "connection", "series", "engine"}};
const ElementTable kSetting{"setting",
                            "A value that a flag or the environment may replace.",
                            {{"name", Kind::name, true, "", "its name, used as ${name}", {}},
                             {"value", Kind::text, true, "", "the default", {}}},
                            {}};
const ElementTable kNamespace{"namespace",
                              "A prefix for paths and mappings.",
                              {{"prefix", Kind::name, true, "", "the prefix", {}},
                               {"uri", Kind::text, true, "", "the namespace", {}}},
                              {}};
const ElementTable kLimits{"limits",
                           "Limits of one message.",
                           {{"body-bytes", Kind::bytes, false, "1048576", "bytes", {}},
                            {"xml-depth", Kind::integer, false, "64", "nesting", {}},
                            {"xml-nodes", Kind::integer, false, "20000", "elements and texts", {}},
                            {"xml-attributes", Kind::integer, false, "64", "of one element", {}}},
                           {}};
const ElementTable kStore{
    "store",
    "Where everything is kept.",
    {{"kind", Kind::choice, false, "sqlite", "the store", {"sqlite", "postgresql"}},
     {"path", Kind::path, false, "masar.db", "file, relative to the state directory", {}},
     {"connection", Kind::text, false, "", "of postgresql: libpq's, without a password", {}},
     {"password", Kind::secret, false, "", "of postgresql: secret:NAME, where it asks for one", {}},
     {"group-max", Kind::integer, false, "256", "transactions in one commit at most", {}}},
    {}};
const ElementTable kAudit{
    "audit",
    "The audit log's heads, kept outside the store.",
    {{"heads", Kind::path, false, "audit.heads", "file, relative to the state directory", {}},
     {"every", Kind::duration, false, "PT60S", "time between two lines of it, at least 1 s", {}},
     {"key",
      Kind::secret,
      false,
      "",
      "private Ed25519 key (PEM) that signs them; without one the hub makes its own",
      {}}},
    {}};
const ElementTable kRetention{
    "retention",
    "How long what is stored is kept; PT0S: for ever.",
    {{"messages", Kind::duration, false, "P400D", "content of messages and effects", {}},
     {"personal", Kind::duration, false, "P400D", "what is personal of audit records", {}},
     {"dead-letters", Kind::duration, false, "P400D", "dead letters that were dealt with", {}},
     {"cases", Kind::duration, false, "P1830D", "ended cases, from their end; journal rows", {}},
     {"every", Kind::duration, false, "PT1H", "time between two rounds, at least 1 s", {}},
     {"batch", Kind::integer, false, "200", "rows looked at in one transaction", {}}},
    {}};
const ElementTable kAdmin{"admin",
                          "The operators' interface.",
                          {{"address", Kind::address, true, "", "host:port", {}}},
                          {}};
const ElementTable kListener{
    "listener",
    "An address on which partners reach the hub.",
    {{"id", Kind::name, true, "", "its name", {}},
     {"connector", Kind::choice, true, "", "the protocol", {"amqp", "http"}},
     {"address", Kind::address, true, "", "host:port; port 0: any free one", {}}},
    {"tls"}};
const ElementTable kConnection{
    "connection",
    "What the hub connects out to, for all endpoints that name it.",
    {{"id", Kind::name, true, "", "its name", {}},
     {"connector", Kind::choice, true, "", "the protocol", {"amqp"}}},
    {"tls"}};
const ElementTable kSeries{
    "series",
    "Numbers that are handed out once, or codes that nobody guesses.",
    {{"name", Kind::name, true, "", "its name", {}},
     {"kind", Kind::choice, false, "serial", "numbers in order, or codes", {"serial", "random"}},
     {"digits", Kind::integer, false, "12", "digits in all; of a code, characters", {}},
     {"check", Kind::choice, false, "none", "the last digit", {"none", "luhn"}},
     {"restore-gap",
      Kind::integer,
      false,
      "100000",
      "numbers left out after a restore: more than are handed out between two backups",
      {}}},
    {}};
const ElementTable kEngine{
    "engine",
    "Sizes of the engine.",
    {{"threads", Kind::integer, false, "2", "threads that apply events", {}},
     {"lane-bytes", Kind::bytes, false, "67108864", "events waiting in memory, bytes", {}},
     {"cases-cached", Kind::integer, false, "4096", "cases kept in memory", {}},
     {"snapshots", Kind::integer, false, "16", "configurations of open cases kept compiled", {}},
     {"refusals-audited",
      Kind::integer,
      false,
      "60",
      "refused messages a minute and partner in the audit log",
      {}}},
    {}};

/// Of an element that a connector checks, what it shares with those of all connectors.
void check_shared(const ElementTable& table, const config::Element& element,
                  config::Diagnostics& diagnostics) {
  config::Element own = element;
  std::erase_if(own.attributes, [&](const auto& a) {
    return std::none_of(table.fields.begin(), table.fields.end(),
                        [&](const auto& f) { return f.name == a.name.local; });
  });
  const config::Values values(table, own, diagnostics);
}

/// One by which something comes through.
std::size_t limit(const config::Values& values, std::string_view name,
                  config::Diagnostics& diagnostics) {
  const std::int64_t value = values.integer(name);
  if (value >= 1) return static_cast<std::size_t>(value);
  diagnostics.add(values.place(name),
                  std::string(name) + " of " + std::to_string(value) + " lets nothing through",
                  "write at least 1, or leave it out");
  return 1;
}

void check_store(const StoreChoice& store, const config::Values& values,
                 config::Diagnostics& diagnostics) {
  if (store.kind != "postgresql") return;
  const std::string problem =
      store.connection.empty() ? "it is empty" : store::connection_problem(store.connection);
  if (!problem.empty()) {
    diagnostics.add(values.place("connection"), "the store's connection cannot be used: " + problem,
                    "write host=… dbname=… user=…, and the password as password=\"secret:NAME\"");
  }
}

void check_code(const Series& series, const config::Values& values, const config::Element& own,
                config::Diagnostics& diagnostics) {
  if (series.digits < kCodeLeast || series.digits > kCodeMost) {
    diagnostics.add(values.place("digits"),
                    "a code of " + std::to_string(series.digits) +
                        " characters can be guessed or cannot be read",
                    "write digits from " + std::to_string(kCodeLeast) + " to " +
                        std::to_string(kCodeMost) + ", such as 20");
  }
  for (const char* name : {"check", "restore-gap"}) {
    if (const auto* attribute = own.attribute(name)) {
      diagnostics.add(attribute->value_place, std::string("a random series has no ") + name,
                      "leave it out");
    }
  }
}

void check_series(const Series& series, const config::Values& values,
                  config::Diagnostics& diagnostics) {
  std::int64_t numbers = 1;
  for (int digit = series.luhn ? 1 : 0; digit < series.digits; ++digit) numbers *= 10;
  if (series.restore_gap >= 0 && series.restore_gap <= numbers / 2) return;
  diagnostics.add(values.place("restore-gap"),
                  "restore-gap leaves too few of the " + std::to_string(numbers) +
                      " numbers of series " + series.name,
                  "write restore-gap from 0 to " + std::to_string(numbers / 2));
}

void load_series(const config::Element& own, HubSettings& hub, config::Diagnostics& diagnostics) {
  const config::Values v(kSeries, own, diagnostics);
  const bool random = v.text("kind") == "random";
  const std::int64_t digits = random ? std::clamp<std::int64_t>(v.integer("digits"), 0, 1'000)
                                     : std::clamp<std::int64_t>(v.integer("digits"), 2, 18);
  hub.series.push_back({v.text("name"), static_cast<int>(digits), v.text("check") == "luhn", random,
                        v.integer("restore-gap")});
  if (random) {
    check_code(hub.series.back(), v, own, diagnostics);
  } else {
    check_series(hub.series.back(), v, diagnostics);
  }
}

}  // namespace

config::Settings read_settings(const config::Element& hub, const config::Settings& overrides,
                               config::Diagnostics& diagnostics) {
  config::Settings settings;
  for (const auto* element : hub.elements("setting")) {
    const config::Values values(kSetting, *element, diagnostics);
    settings[values.text("name")] = values.text("value");
  }
  for (const auto& [name, value] : overrides) {
    const auto found = settings.find(name);
    if (found == settings.end()) {
      diagnostics.add(hub.place, "hub.xml declares no setting \"" + name + "\"",
                      config::suggest(name, route::keys_of(settings)));
    } else {
      found->second = value;
    }
  }
  return settings;
}

void load_hub(const config::Element& root, Snapshot& snapshot, config::Diagnostics& diagnostics) {
  HubSettings& hub = snapshot.hub;
  const config::Values values(kHub, root, diagnostics);
  hub.name = values.text("name");
  hub.zone = values.text("zone");
  hub.stepped_clock = values.text("clock") == "stepped";
  hub.calendar = values.text("calendar");
  try {
    (void)date_of(Instant{}, hub.zone);
  } catch (const Error&) {
    diagnostics.add(values.place("zone"), "unknown zone \"" + hub.zone + "\"",
                    "write a name such as Asia/Amman");
    hub.zone = "UTC";
  }
  const auto from = parse_instant(values.text("clock-from"));
  if (from) {
    hub.stepped_from = *from;
  } else {
    diagnostics.add(values.place("clock-from"), "not an instant",
                    "write it as 2026-01-04T08:00:00+03:00");
  }
  for (const auto* child : root.elements()) {
    const std::string& name = child->name.local;
    if (name == "limits") {
      const config::Values v(kLimits, *child, diagnostics);
      hub.xml.bytes_max = limit(v, "body-bytes", diagnostics);
      hub.xml.depth_max = limit(v, "xml-depth", diagnostics);
      hub.xml.nodes_max = limit(v, "xml-nodes", diagnostics);
      hub.xml.attributes_max = limit(v, "xml-attributes", diagnostics);
    } else if (name == "store") {
      const config::Values v(kStore, *child, diagnostics);
      hub.store = {v.text("kind"), v.text("path"), v.text("connection"), v.text("password"),
                   limit(v, "group-max", diagnostics)};
      check_store(hub.store, v, diagnostics);
    } else if (name == "audit") {
      const config::Values v(kAudit, *child, diagnostics);
      const auto every = std::chrono::duration_cast<std::chrono::seconds>(v.duration("every"));
      hub.audit = {v.text("heads"), std::max(every, std::chrono::seconds(1)), v.text("key")};
    } else if (name == "retention") {
      const config::Values v(kRetention, *child, diagnostics);
      const auto every = std::chrono::duration_cast<std::chrono::seconds>(v.duration("every"));
      hub.retention = {v.duration("messages"),
                       v.duration("personal"),
                       v.duration("dead-letters"),
                       v.duration("cases"),
                       std::max(every, std::chrono::seconds(1)),
                       static_cast<std::size_t>(std::clamp<std::int64_t>(v.integer("batch"), 1,
                                                                         10'000))};
    } else if (name == "admin") {
      hub.admin_address = config::Values(kAdmin, *child, diagnostics).text("address");
    } else if (name == "listener") {
      check_shared(kListener, *child, diagnostics);
      hub.listeners.push_back(child);
    } else if (name == "connection") {
      check_shared(kConnection, *child, diagnostics);
      hub.connections.push_back(child);
    } else if (name == "series") {
      load_series(*child, hub, diagnostics);
    } else if (name == "engine") {
      const config::Values v(kEngine, *child, diagnostics);
      hub.threads = static_cast<std::size_t>(std::clamp<std::int64_t>(v.integer("threads"), 1, 64));
      hub.lane_bytes_max = static_cast<std::size_t>(v.integer("lane-bytes"));
      hub.cases_cached = static_cast<std::size_t>(v.integer("cases-cached"));
      hub.snapshots_restored =
          static_cast<std::size_t>(std::clamp<std::int64_t>(v.integer("snapshots"), 1, 1000));
      hub.refusals_audited_per_minute = static_cast<std::size_t>(v.integer("refusals-audited"));
    } else if (name == "namespaces") {
      for (const auto* ns : child->elements()) {
        const config::Values v(kNamespace, *ns, diagnostics);
        snapshot.prefixes[v.text("uri")] = v.text("prefix");
      }
    }
  }
}

}  // namespace masar::engine
