#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/element.h"
#include "core/config/files.h"
#include "core/connector/connector.h"
#include "core/engine/message_list.h"
#include "core/message/xml_reader.h"
#include "core/message/xsd_gate.h"
#include "core/message/xsd_names.h"
#include "core/process/calendar.h"
#include "core/route/route.h"

namespace masar::engine {

/// A duplicate key of an inbound endpoint (ENGINE.md 2).
struct DuplicateKey {
  static constexpr const char* kKeepUnlessSaid = "P400D";
  std::string name;
  bool of_part = false;
  expression::Expression key;
  std::vector<expression::Expression> same;  ///< paths whose content must match
  Span keep;
};

/// How attempts to an outbound endpoint are made (ENGINE.md 18), in the order in which they are
/// looked at.
struct DeliveryPolicy {
  std::chrono::milliseconds timeout{5000};
  int attempts = 5;
  std::chrono::milliseconds first{1000};
  double factor = 2;
  std::chrono::milliseconds max{60'000};
  int jitter_percent = 20;
  int breaker_failures = 5;  ///< in a row; 0: no breaker
  std::chrono::milliseconds breaker_open{5000};
  double rate_per_second = 0;  ///< 0: unlimited
  int concurrency = 8;
  bool idempotent = false;
};

/// One `<endpoint>`: what the engine needs of it, and what its connector gets.
struct Endpoint {
  connector::EndpointSpec spec;
  std::string connector;
  config::Place place;
  std::shared_ptr<const XsdGate> gate;  ///< of spec.schema
  /// What is kept of what comes, before the gate looks at it; null: all of it.
  std::shared_ptr<const XsdNames> known;
  std::vector<DuplicateKey> keys;
  std::string refusals;  ///< outbound endpoint that gets MessageRefused
  std::optional<mapping::Mapping> refusal;
  DeliveryPolicy delivery;
};

/// A document that came in at the endpoint, or as its reply: without what its schema does not know,
/// where the endpoint says so, and then with its bytes in `body`. Throws Error(rejected,
/// "schema-invalid").
Document through_gate(const Endpoint& endpoint, Document document, std::string& body);

struct Series {
  std::string name;
  int digits = 12;
  bool luhn = false;  ///< the last digit is a Luhn check digit
  bool random = false;  ///< unguessable codes of `digits` characters (random_code.h)
  std::int64_t restore_gap = 0;  ///< numbers left out when the store was restored from a backup
};

struct StoreChoice {
  std::string kind = "sqlite";
  std::string path = "masar.db";
  std::string connection;  ///< of postgresql: libpq's conninfo
  std::string password;    ///< of postgresql: the name of a secret; empty: none
  std::size_t group_max = 256;
};

/// Where the heads of the audit log are kept outside the database.
struct AuditChoice {
  std::string heads = "audit.heads";  ///< relative to the state directory
  std::chrono::seconds every{60};
  std::string key;  ///< secret of the private key; empty: one of the state directory's own
};

/// How long what is stored is kept (config/README.md); zero: for ever.
struct RetentionChoice {
  Duration messages = std::chrono::hours(400 * 24);
  Duration personal = std::chrono::hours(400 * 24);
  Duration dead_letters = std::chrono::hours(400 * 24);
  Duration cases = std::chrono::hours(1830 * 24);
  std::chrono::seconds every{3600};
  std::size_t batch = 200;
};

/// What hub.xml says.
struct HubSettings {
  std::string name;
  std::string zone = "UTC";
  bool stepped_clock = false;
  Instant stepped_from{};  ///< the first instant of a stepped clock
  std::string calendar;
  XmlLimits xml;
  StoreChoice store;
  AuditChoice audit;
  RetentionChoice retention;
  std::string admin_address = "127.0.0.1:0";
  std::vector<const config::Element*> listeners;
  std::vector<const config::Element*> connections;
  std::vector<Series> series;
  std::size_t threads = 2;                 ///< of the executor
  std::size_t lane_bytes_max = 64u << 20;  ///< of all events waiting in memory
  std::size_t cases_cached = 4096;
  std::size_t snapshots_restored = 16;           ///< of those that cases began with, kept compiled
  std::size_t refusals_audited_per_minute = 60;  ///< a partner; the rest is counted
};

/// All that is compiled from one configuration: immutable, named by its hash, shared by all
/// threads.
class Snapshot {
 public:
  /// Loads `directory`. `overrides` win over `<setting>` values. Every finding of every file goes
  /// to `diagnostics`, and then there is no value.
  static std::shared_ptr<const Snapshot> load(const std::string& directory,
                                              const config::Settings& overrides,
                                              config::Diagnostics& diagnostics);

  /// The snapshot that `content` of another one packs, as cases that began with it use it: its
  /// processes, routes, mappings, lookups, texts and schemas. Of its endpoints only direction and
  /// schema are read, of its hub only zone and namespaces. Findings in what is used go to
  /// `diagnostics`, and then there is no value. Throws Error(internal, "snapshot-content") where
  /// the bytes are not of a snapshot of this hash.
  static std::shared_ptr<const Snapshot> restore(const std::string& hash, std::string_view content,
                                                 config::Diagnostics& diagnostics);

  std::string hash;
  std::string content;  ///< its files as the store keeps them; empty where it was restored
  HubSettings hub;
  config::Settings settings;
  Prefixes prefixes;
  expression::Lookups lookups;
  std::map<std::string, process::Calendar, std::less<>> calendars;
  std::map<std::string, std::unique_ptr<Endpoint>, std::less<>> endpoints;
  route::Library library;
  std::vector<std::shared_ptr<const route::Route>> routes;
  std::map<std::string, MessageList, std::less<>> lists;
  std::optional<XmlReader> reader;  ///< by its own prefixes
  std::vector<XsdGate::Source> schemas;  ///< the files, by their names

  const process::Calendar& calendar() const;
  const Endpoint* endpoint(std::string_view id) const;
  /// The inbound route for a message type; null where there is none. Pass-through routes match any
  /// type.
  const route::Route* inbound(std::string_view endpoint, std::string_view type) const;
  const route::Route* of_effect(std::string_view process, std::string_view effect) const;
  const route::Route* route(std::string_view id) const;

  std::vector<std::unique_ptr<config::Element>> documents;  ///< what routes and specs point into
  std::map<std::pair<std::string, std::string>, const route::Route*> by_message;
  std::map<std::pair<std::string, std::string>, const route::Route*> by_effect;
};

}  // namespace masar::engine
