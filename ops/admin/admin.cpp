#include "ops/admin/admin.h"

#include <charconv>

#include <prometheus/text_serializer.h>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "ops/admin/json.h"
#include "ops/admin/letters.h"
#include "ops/admin/messages.h"
#include "ops/admin/motion.h"

namespace masar::admin {

namespace json = boost::json;
using http::Request;
using http::Respond;
using http::Response;

namespace {

constexpr std::size_t kActBytesMax = 64u << 10;
constexpr std::size_t kPage = 50;
constexpr std::size_t kPageMax = 500;
constexpr std::int64_t kRestoreWindow = 1000;  ///< outbox rows that one page looks at

http::ServerSettings server_settings(const std::string& address) {
  http::ServerSettings settings;
  settings.addresses = {address};
  settings.connections_max = 64;
  return settings;
}

std::size_t limit_of(const Request& request) {
  const auto text = request.query_value("limit");
  std::size_t limit = kPage;
  if (text) std::from_chars(text->data(), text->data() + text->size(), limit);
  return std::min(limit, kPageMax);
}

std::int64_t number_of(std::string_view text, std::int64_t fallback = 0) {
  std::int64_t value = fallback;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// Host names the interface itself: a page of another site that resolves to localhost does not (DNS
/// rebinding).
bool host_is_ours(const Request& request, const std::string& address) {
  std::string_view host = request.header("host");
  if (host == address) return true;
  const auto colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos)
    host = host.substr(0, colon);
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

/// One sample of a gauge as the text format has it; `labels` with its braces, or empty.
std::string sample(const std::string& name, const std::string& labels, const std::string& value) {
  return "masar_" + name + labels + " " + value + "\n";
}

std::string gauge(const std::string& name, const std::string& help, const std::string& samples) {
  return "# HELP masar_" + name + " " + help + "\n# TYPE masar_" + name + " gauge\n" + samples;
}

std::string gauge(const std::string& name, const std::string& help, const std::string& labels,
                  const std::string& value) {
  return gauge(name, help, sample(name, labels, value));
}

/// Nothing where there is no certificate. Kinds, ids and names are the configuration's: letters,
/// digits and marks that need no escape.
std::string certificates(const std::vector<tls::InUse::Left>& all) {
  const std::string name = "certificate_expiry_seconds";
  std::string samples;
  for (const auto& one : all) {
    samples += sample(name,
                      "{" + one.owner.kind + "=\"" + one.owner.id + "\",which=\"" + one.which +
                          "\"}",
                      std::to_string(one.time.count()));
  }
  if (samples.empty()) return {};
  return gauge(name, "Until the first certificate there ends; 86400 are a day, negative: expired.",
               samples);
}

/// What waits for each partner, and whether it is the partner's bound that it waits for.
std::string dispatchers(const engine::Hub& hub) {
  std::string waiting;
  std::string under_way;
  std::string bound;
  for (const auto& [id, dispatcher] : hub.dispatchers()) {
    const auto status = dispatcher->status();
    const std::string labels = "{endpoint=\"" + id + "\"}";
    waiting += sample("endpoint_waiting", labels, std::to_string(status.waiting));
    under_way += sample("endpoint_under_way", labels, std::to_string(status.under_way));
    bound += sample("endpoint_concurrency", labels, std::to_string(status.concurrency));
  }
  if (waiting.empty()) return {};
  return gauge("endpoint_waiting", "Effects in memory, those under way among them.", waiting) +
         gauge("endpoint_under_way", "Attempts under way.", under_way) +
         gauge("endpoint_concurrency", "Attempts that may be under way at once.", bound);
}

std::string count_help(const std::string& name) {
  if (name == "wal_bytes") return "Size of the write-ahead log.";
  if (name == "groups_committed") return "Commits since the start, each of a group.";
  if (name.ends_with("_rows")) return "Rows that were ever written.";
  return "Rows in the store.";
}

}  // namespace

/// The pages: one function a path.
struct Admin::Pages {
  Pages(engine::Hub& the_hub, const AdminSettings& the_settings)
      : hub(the_hub),
        operations(the_hub),
        settings(the_settings),
        server(server_settings(the_settings.address)) {
    open("/live", [](const Request&) { return http::text_response(200, "alive\n"); });
    open("/ready", [this](const Request&) { return ready(); });
    open("/clock", [this](const Request&) { return clock(); });
    get("/metrics", [this](const Request&) { return metrics(); });
    get("/api/cases", [this](const Request& request) { return cases(request); });
    get(
        "/api/cases/", [this](const Request& request) { return one_case(request); }, true);
    post("/api/cases/", [this](const Request& request, Respond respond) {
      migrate(request, std::move(respond));
    });
    get("/api/migration", [this](const Request& request) {
      return migration_plan(hub, request, limit_of(request));
    });
    post(
        "/api/calendar/plan",
        [this](const Request& request, Respond respond) {
          json::error_code bad;
          respond(calendar_plan(hub, json::parse(request.body, bad)));
        },
        false);
    get("/api/audit", [this](const Request& request) { return audit(request); });
    get("/api/messages", [this](const Request& request) { return list_messages(hub, request); });
    get("/api/tasks", [this](const Request& request) { return tasks(request); });
    post("/api/tasks/", [this](const Request& request, Respond respond) {
      answer_task(request, std::move(respond));
    });
    get("/api/routes", [this](const Request&) { return routes(); });
    post("/api/routes/", [this](const Request& request, Respond respond) {
      pause(request, std::move(respond), false);
    });
    get("/api/endpoints", [this](const Request&) { return endpoints(); });
    post("/api/endpoints/", [this](const Request& request, Respond respond) {
      pause(request, std::move(respond), true);
    });
    get("/api/restore", [this](const Request& request) { return restore(request); });
    get("/api/dead-letters", [this](const Request& request) { return dead_letters(request); });
    get(
        "/api/dead-letters/", [this](const Request& request) { return one_dead_letter(request); },
        true);
    post("/api/dead-letters/", [this](const Request& request, Respond respond) {
      end_letter(request, std::move(respond));
    });
    clock_acts();
  }

  using Page = std::function<Response(const Request&)>;
  using Act = std::function<void(const Request&, Respond)>;

  std::optional<Response> host_problem(const Request& request) const {
    if (host_is_ours(request, settings.address)) return std::nullopt;
    return problem(421, "foreign-host", "the Host header does not name this interface");
  }

  std::optional<Response> admit(const Request& request) const {
    if (auto refused = host_problem(request)) return refused;
    constexpr std::string_view kBearer = "Bearer ";
    const auto given = request.header("authorization");
    if (given.starts_with(kBearer) &&
        equal_in_constant_time(given.substr(kBearer.size()), settings.token)) {
      return std::nullopt;
    }
    Response refused = problem(
        401, "no-token", "send Authorization: Bearer with the token of the hub's admin.token");
    refused.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"masar\"");
    return refused;
  }

  static Response guarded(const Page& page, const Request& request) {
    try {
      return page(request);
    } catch (const std::exception& thrown) {
      const Error error = typed_failure(thrown);
      if (error.kind() == ErrorKind::transient)
        return problem(503, error.code(), "the store is busy; try again");
      return problem(500, error.code(), "the answer could not be made");
    }
  }

  http::Handler handler(const std::string& path, bool prefix, const char* method) {
    http::Handler handler;
    handler.path = path;
    handler.prefix = prefix;
    handler.methods = {method};
    handler.body_bytes_max = kActBytesMax;
    return handler;
  }

  void open(const std::string& path, Page page) {
    auto it = handler(path, false, "GET");
    it.admit = [this](const Request& request) { return host_problem(request); };
    it.handle = [page = std::move(page)](Request request, Respond respond) {
      respond(guarded(page, request));
    };
    server.route(std::move(it));
  }

  void get(const std::string& path, Page page, bool prefix = false) {
    auto it = handler(path, prefix, "GET");
    it.admit = [this](const Request& request) { return admit(request); };
    it.handle = [page = std::move(page)](Request request, Respond respond) {
      respond(guarded(page, request));
    };
    server.route(std::move(it));
  }

  void post(const std::string& path, Act act, bool prefix = true) {
    auto it = handler(path, prefix, "POST");
    it.admit = [this](const Request& request) { return admit(request); };
    it.handle = [act = std::move(act)](Request request, Respond respond) {
      try {
        act(request, respond);
      } catch (const std::exception& thrown) {
        const Error error = typed_failure(thrown);
        respond(problem(error.kind() == ErrorKind::transient ? 503 : 500, error.code(),
                        "it could not be done"));
      }
    };
    server.route(std::move(it));
  }

  void clock_acts() {
    post(
        "/api/clock",
        [this](const Request& request, Respond respond) {
          // probe=true: only says whether a step could be taken now, and moves nothing.
          if (request.query_value("probe").value_or("") == "true") {
            const std::string moving = hub.in_flight();
            if (!moving.empty()) return respond(problem(409, "in-flight", moving));
            return respond(
                json_response(200, json::object{{"now", format_instant(hub.business().now())}}));
          }
          operations.step_clock([this, respond](const engine::ActResult& result) {
            respond(
                act_response(result, json::object{{"now", format_instant(hub.business().now())}}));
          });
        },
        false);
  }

  Response ready() const {
    const std::string why = hub.not_ready();
    if (why.empty()) return json_response(200, json::object{{"ready", true}});
    return problem(503, "not-ready", why);
  }

  Response clock() const {
    const Instant now = hub.business().now();
    const std::string& zone = hub.snapshot().hub.zone;
    return json_response(
        200, json::object{
                 {"now", format_instant(now)}, {"local", format_local(now, zone)}, {"zone", zone}});
  }

  Response metrics() const {
    std::string text = prometheus::TextSerializer().Serialize(hub.metrics().registry().Collect());
    for (const auto& [name, count] : hub.store().counts()) {
      text += gauge(name, count_help(name), {}, std::to_string(count));
    }
    text += gauge("build_info", "Which build runs; always 1.",
                  "{version=\"" + settings.version + "\"}", "1");
    text += dispatchers(hub);
    if (settings.certificates) text += certificates(settings.certificates());
    return http::text_response(200, text, "text/plain; version=0.0.4; charset=utf-8");
  }

  Response cases(const Request& request) const {
    store::CaseFilter filter;
    if (const auto search = request.query_value("search"))
      filter.search = engine::normalise_search(*search);
    filter.state = request.query_value("state").value_or("");
    filter.after_key = request.query_value("after").value_or("");
    filter.limit = static_cast<int>(limit_of(request));
    json::array rows;
    for (const auto& row : hub.store().cases(filter)) rows.push_back(case_summary(hub, row));
    return json_response(200, json::object{{"cases", std::move(rows)}});
  }

  Response one_case(const Request& request) const {
    const auto segments = request.segments();
    if (segments.size() != 3) return problem(404, "not-found", "write /api/cases/KEY");
    auto record = hub.store().find_case(segments[2]);
    if (!record) {
      // A case joined by another application is found by that one's key, too.
      const auto joined = hub.store().find_alias("key", segments[2]);
      record = joined ? hub.store().find_case(*joined) : std::nullopt;
    }
    if (!record) return problem(404, "no-such-case", "there is no such case");
    return json_response(
        200, case_detail(hub, *record, number_of(request.query_value("after").value_or("0"))));
  }

  // POST /api/cases/KEY/migrate
  void migrate(const Request& request, const Respond& respond) {
    const auto segments = request.segments();
    if (segments.size() != 4 || segments[3] != "migrate")
      return respond(problem(404, "not-found", "write /api/cases/KEY/migrate"));
    operations.migrate_case(segments[2], [this, respond](const engine::ActResult& result) {
      respond(act_response(result, json::object{{"snapshot", hub.snapshot().hash}}));
    });
  }

  // The whole log; what is personal of a record is never shown.
  Response audit(const Request& request) const {
    json::array rows;
    const auto after = number_of(request.query_value("after").value_or("0"));
    for (const auto& row : hub.store().audit_rows(after, limit_of(request)))
      rows.push_back(audit_json(row));
    return json_response(200, json::object{{"audit", std::move(rows)}});
  }

  Response tasks(const Request& request) const {
    json::array rows;
    const std::string state = request.query_value("state").value_or("open");
    std::optional<store::TaskState> wanted;
    if (state == "open") wanted = store::TaskState::open;
    if (state == "answered") wanted = store::TaskState::answered;
    if (state == "withdrawn") wanted = store::TaskState::withdrawn;
    if (!wanted && state != "any")
      return problem(422, "bad-state", "state is open, answered, withdrawn or any");
    for (const auto& row :
         hub.store().tasks(wanted, request.query_value("case").value_or(""),
                           request.query_value("after").value_or(""), limit_of(request))) {
      rows.push_back(task_json(hub, row));
    }
    return json_response(200, json::object{{"tasks", std::move(rows)}});
  }

  // POST /api/tasks/ID/answer {"answer": …, "fields": {…}, "version": …}
  void answer_task(const Request& request, const Respond& respond) {
    const auto segments = request.segments();
    if (segments.size() != 4 || segments[3] != "answer") {
      return respond(problem(404, "not-found", "write /api/tasks/ID/answer"));
    }
    json::error_code bad;
    const json::value body = json::parse(request.body, bad);
    const auto* given = body.if_object();
    const auto* answer = given ? given->if_contains("answer") : nullptr;
    if (bad || !answer || !answer->is_string()) {
      return respond(problem(422, "bad-answer",
                             "write {\"answer\": \"…\", \"fields\": {\"name\": \"value\"}}"));
    }
    std::map<std::string, std::string> fields;
    const auto* named = given->if_contains("fields");
    if (named && named->is_object()) {
      for (const auto& [name, value] : named->as_object()) {
        if (!value.is_string())
          return respond(problem(422, "bad-field", "field values are strings"));
        fields[std::string(name)] = std::string(value.as_string());
      }
    }
    std::optional<std::int64_t> version;
    const auto* seen = given->if_contains("version");
    if (seen && seen->is_int64()) version = seen->as_int64();
    operations.answer_task(
        segments[2], std::string(answer->as_string()), fields, version,
        [respond](const engine::ActResult& result) { respond(act_response(result)); });
  }

  Response routes() const {
    static constexpr std::string_view kModes[]{"durable", "pass-through", "query", "inquiry"};
    json::array rows;
    for (const auto& route : hub.snapshot().routes) {
      rows.push_back(json::object{{"id", route->id},
                                  {"mode", kModes[static_cast<int>(route->mode)]},
                                  {"endpoint", route->from_endpoint},
                                  {"type", route->from_type},
                                  {"effect", route->from_effect},
                                  {"event", route->to_event},
                                  {"paused", hub.pauses().route(route->id)},
                                  {"drained", hub.drained(*route)}});
    }
    return json_response(200, json::object{{"routes", std::move(rows)}});
  }

  Response endpoints() const {
    const auto obstacles = hub.obstacles();
    json::array rows;
    for (const auto& [id, endpoint] : hub.snapshot().endpoints) {
      json::object row{{"id", id},
                       {"partner", endpoint->spec.partner},
                       {"connector", endpoint->connector},
                       {"direction", endpoint->spec.inbound ? "in" : "out"},
                       {"paused", hub.pauses().endpoint(id)}};
      const auto obstacle = obstacles.find(id);
      if (obstacle != obstacles.end()) row["obstacle"] = obstacle->second;
      const auto found = hub.dispatchers().find(id);
      if (found != hub.dispatchers().end()) {
        const auto status = found->second->status();
        row["breaker"] = status.breaker;
        row["waiting"] = status.waiting;
        row["sending"] = status.sending;
        row["under_way"] = status.under_way;
        row["concurrency"] = status.concurrency;
        row["ready"] = status.ready;
        row["inquiring"] = status.asked_about;
        row["drained"] = hub.pauses().endpoint(id) && status.sending + status.asked_about == 0;
      }
      rows.push_back(std::move(row));
    }
    return json_response(200, json::object{{"endpoints", std::move(rows)}});
  }

  // What was not over when the store was restored: `after` of the answer is where the next page
  // begins, null behind the last one.
  Response restore(const Request& request) const {
    const auto restored = hub.restored();
    const auto after = number_of(request.query_value("after").value_or("0"));
    const auto until = std::min(restored.effects, after + kRestoreWindow);
    json::array rows;
    for (const auto& row : hub.store().undecided(after, until)) {
      const auto* endpoint = hub.snapshot().endpoint(row.endpoint);
      json::object effect = effect_json(row);
      effect["case"] = row.case_key;
      effect["partner"] = endpoint ? endpoint->spec.partner : "";
      rows.push_back(std::move(effect));
    }
    json::object body{{"times", restored.times},
                      {"backup", restored.backup},
                      {"at", restored.at},
                      {"effects", std::move(rows)},
                      {"after", nullptr}};
    if (until < restored.effects) body["after"] = until;
    return json_response(200, body);
  }

  // POST /api/endpoints/ID/pause, …/resume; the same for routes.
  void pause(const Request& request, const Respond& respond, bool endpoint) {
    const auto segments = request.segments();
    if (segments.size() != 4 || (segments[3] != "pause" && segments[3] != "resume")) {
      return respond(problem(404, "not-found", "write …/ID/pause or …/ID/resume"));
    }
    const bool paused = segments[3] == "pause";
    const auto done = [this, respond, paused](const engine::ActResult& result) {
      json::object body{{"paused", paused}};
      if (paused && result.status == 200) body["due_in_24h"] = operations.due_in_24h();
      respond(act_response(result, body));
    };
    if (endpoint) {
      operations.pause_endpoint(segments[2], paused, done);
    } else {
      operations.pause_route(segments[2], paused, done);
    }
  }

  // ?group=cause: the open ones counted by fingerprint.
  Response dead_letters(const Request& request) const {
    if (request.query_value("group").value_or("") == "cause")
      return json_response(200, dead_letter_causes(hub));
    json::array rows;
    const bool all = request.query_value("state").value_or("open") == "any";
    const auto wanted = all ? std::nullopt : std::optional(store::DeadLetterState::open);
    const auto after = number_of(request.query_value("after").value_or("0"));
    for (const auto& row : hub.store().dead_letters(wanted, after, limit_of(request)))
      rows.push_back(dead_letter_json(row));
    return json_response(200, json::object{{"dead_letters", std::move(rows)}});
  }

  Response one_dead_letter(const Request& request) const {
    const auto segments = request.segments();
    if (segments.size() > 3) {  // GET changes nothing
      Response refused = problem(405, "not-a-page", "what is done to a dead letter is a POST");
      refused.headers.emplace_back("Allow", "POST");
      return refused;
    }
    const auto letter = segments.size() == 3
                            ? hub.store().find_dead_letter(number_of(segments[2], -1))
                            : std::nullopt;
    if (letter) return json_response(200, dead_letter_detail(hub, *letter));
    return problem(404, "no-such-dead-letter", "there is no such dead letter");
  }

  // POST /api/dead-letters/ID/retry, and /discard with {"reason": …}
  void end_letter(const Request& request, const Respond& respond) {
    const auto segments = request.segments();
    const bool discards = segments.size() == 4 && segments[3] == "discard";
    if (segments.size() != 4 || (!discards && segments[3] != "retry")) {
      return respond(problem(404, "not-found", "write /api/dead-letters/ID/retry or …/discard"));
    }
    const auto id = number_of(segments[2], -1);
    const auto done = [respond](const engine::ActResult& result) { respond(act_response(result)); };
    if (!discards) return operations.retry_dead_letter(id, done);
    json::error_code bad;
    const json::value body = json::parse(request.body, bad);
    const auto* given = bad ? nullptr : body.if_object();
    const auto* reason = given ? given->if_contains("reason") : nullptr;
    if (!reason || !reason->is_string())
      return respond(problem(422, "no-reason", "write {\"reason\": \"…\"}"));
    operations.discard_dead_letter(id, std::string(reason->as_string()), done);
  }

  engine::Hub& hub;
  mutable engine::Operations operations;
  AdminSettings settings;
  http::Server server;
};

Admin::Admin(engine::Hub& hub, const AdminSettings& settings)
    : pages_(std::make_unique<Pages>(hub, settings)) {}

Admin::~Admin() = default;

void Admin::start() { pages_->server.start(); }

void Admin::stop() {
  pages_->server.stop_accepting();
  pages_->server.stop();
}

std::string Admin::address() const {
  const auto bound = pages_->server.addresses();
  return bound.empty() ? std::string() : bound.front();
}

}  // namespace masar::admin
