#include "connectors/http/query_door.h"

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/base/guarded.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/message/html_writer.h"
#include "core/message/xml_characters.h"
#include "core/message/xml_writer.h"

namespace masar::http {

using config::Kind;
using connector::PartAnswer;

namespace {

constexpr const char* kHtml = "text/html";

const config::ElementTable& parameter_table() {
  static const config::ElementTable table{
      "parameter",
      "A query parameter; it must be there, once.",
      {{"name", Kind::name, true, "", "its name, and that of its element", {}},
       {"length-max", Kind::integer, false, "64", "characters, 1 to 4096", {}}},
      {}};
  return table;
}

bool is_reply_type(std::string_view type) {
  const std::string media = media_type(type);
  return is_utf8_or_unsaid(type) && (media == kHtml || media == "text/xml" ||
                                     media == "application/xml" || media.ends_with("+xml"));
}

/// Nothing but what the page itself holds: no script, no image, no frame around it, no copy kept,
/// and no address of it (which holds what was asked) given away.
void protect(Response& response, const std::vector<std::string>& styles) {
  std::string policy =
      "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
  if (!styles.empty()) policy += "; style-src";
  for (const auto& style : styles) policy += " 'sha256-" + base64(sha256(style)) + "'";
  response.headers.emplace_back("Content-Security-Policy", std::move(policy));
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
}

Problem bad_parameter(std::string code, const std::string& name, const char* what) {
  return {400, std::move(code), "parameter " + name + " " + what};
}

}  // namespace

/// Whole requests, refilled as steady time passes.
struct QueryDoor::Rate {
  struct State {
    std::int64_t left = 0;
    SteadyClock::TimePoint since{};
  };
  Guarded<State> state;
};

QueryDoor::QueryDoor(Door door, QuerySettings settings, const SteadyClock& steady)
    : door_([&] {
        door.method = "GET";
        door.body_bytes_max = 0;
        door.error = [](const Problem& problem, std::string_view) {
          Response response = problem_json(problem);
          protect(response, {});
          return response;
        };
        return std::move(door);
      }()),
      settings_(std::move(settings)),
      steady_(steady),
      rate_(std::make_unique<Rate>()) {
  rate_->state.with([&](auto& state) {
    state = {static_cast<std::int64_t>(settings_.per_second), steady_.now()};
  });
}

QueryDoor::~QueryDoor() = default;

bool QueryDoor::admits() const {
  const SteadyClock::TimePoint now = steady_.now();
  return rate_->state.with([&](auto& state) {
    const auto full = static_cast<std::int64_t>(settings_.per_second);
    if (now - state.since >= std::chrono::seconds(1)) {
      state = {full, now};
    } else {
      const auto each = std::chrono::nanoseconds(std::chrono::seconds(1)) / full;
      const auto more = (now - state.since) / each;
      state.left = std::min(full, state.left + more);
      state.since += each * more;
    }
    if (state.left == 0) return false;
    --state.left;
    return true;
  });
}

Handler QueryDoor::handler() const {
  Handler handler = door_.handler();
  handler.admit = [self = shared_from_this(), admit = std::move(handler.admit)](
                      const Request& request) -> std::optional<Response> {
    if (!self->admits()) {
      const Problem problem{429, "too-many-requests", "too many ask at once; ask again"};
      self->door_.intake->refused(self->door_.endpoint, problem.code, problem.text);
      return self->door_.answer(problem);
    }
    return admit(request);
  };
  handler.handle = [self = shared_from_this()](const Request& request, const Respond& respond) {
    self->take(request, respond);
  };
  return handler;
}

std::optional<Problem> QueryDoor::document_of(const Pairs& query, std::string& document) const {
  std::set<std::string_view> names;
  for (const auto& [name, value] : query) {
    const auto found =
        std::find_if(settings_.parameters.begin(), settings_.parameters.end(),
                     [&name = name](const auto& parameter) { return parameter.name == name; });
    if (found == settings_.parameters.end())
      return Problem{400, "unknown-parameter", "a parameter that is not taken"};
    if (!names.insert(name).second) return bad_parameter("doubled-parameter", name, "comes twice");
    if (!is_xml_text(value)) return bad_parameter("bad-parameter", name, "is no text");
    if (code_points(value) > found->length_max)
      return bad_parameter("long-parameter", name, "is too long");
  }
  pugi::xml_document made;
  pugi::xml_node root = made.append_child("parameters");
  if (!settings_.uri.empty()) root.append_attribute("xmlns").set_value(settings_.uri.c_str());
  for (const auto& parameter : settings_.parameters) {
    const auto found = std::find_if(query.begin(), query.end(), [&](const auto& pair) {
      return pair.first == parameter.name;
    });
    if (found == query.end())
      return bad_parameter("missing-parameter", parameter.name, "is missing");
    root.append_child(parameter.name.c_str()).text().set(found->second.c_str());
  }
  document = write_xml(made);
  return std::nullopt;
}

void QueryDoor::take(const Request& request, const Respond& respond) const {
  connector::Received received = door_.message(request);
  if (const auto problem = document_of(request.query, received.body)) {
    door_.intake->refused(door_.endpoint, problem->code, problem->text);
    return respond(door_.answer(*problem));
  }
  door_.intake->take(std::move(received),
                     [self = shared_from_this(), respond](const connector::IntakeAnswer& parts) {
                       try {
                         respond(self->answer_of(whole(parts)));
                       } catch (const std::exception&) {
                         respond(self->door_.answer(
                             {500, "reply-unwritable", "the reply cannot be written"}));
                       }
                     });
}

Response QueryDoor::answer_of(const PartAnswer& answer) const {
  switch (answer.kind) {
    case PartAnswer::Kind::replied: return page(*answer.document);
    case PartAnswer::Kind::refused: return door_.answer({400, answer.code, answer.text});
    case PartAnswer::Kind::accepted:
    case PartAnswer::Kind::retry_later: break;
  }
  return door_.answer({503, answer.code.empty() ? "retry-later" : answer.code, answer.text});
}

Response QueryDoor::page(const pugi::xml_document& document) const {
  Response response{200, {{"Content-Type", settings_.reply_type}}, {}};
  std::vector<std::string> styles;
  if (media_type(settings_.reply_type) == kHtml) {
    HtmlPage page = write_html(document);
    response.body = std::move(page.text);
    styles = std::move(page.styles);
  } else {
    response.body = write_xml(document);
  }
  protect(response, styles);
  return response;
}

const config::ElementTable& query_table() {
  static const config::ElementTable table = [] {
    config::ElementTable made{"http", "Where anybody asks the hub something.", door_fields(), {}};
    made.fields.push_back({"method", Kind::choice, true, "GET", "a query", {"GET"}});
    made.fields.push_back({"reply-type",
                           Kind::text,
                           false,
                           "application/xml; charset=utf-8",
                           "media type of the answer; text/html: written as HTML from XHTML",
                           {}});
    made.fields.push_back(
        {"namespace", Kind::text, false, "", "namespace of the document that is made", {}});
    made.fields.push_back(
        {"per-second", Kind::integer, false, "20", "requests a second; beyond it 429", {}});
    made.children.emplace_back("parameter");
    return made;
  }();
  return table;
}

bool is_query(const config::Element& own) { return own.value("method") == "GET"; }

QuerySettings read_query(const config::Values& values, const config::Element& own,
                         config::Diagnostics& diagnostics) {
  QuerySettings settings;
  settings.uri = values.text("namespace");
  settings.reply_type = values.text("reply-type");
  if (!is_reply_type(settings.reply_type)) {
    diagnostics.add(values.place("reply-type"),
                    "a reply is XML or HTML in UTF-8, not \"" + settings.reply_type + "\"",
                    "write application/xml or text/html; charset=utf-8");
  }
  const std::int64_t rate = values.integer("per-second");
  if (rate < 1 || rate > 1'000'000) {
    diagnostics.add(values.place("per-second"), "no such number of requests a second",
                    "write 1 to 1000000");
  }
  settings.per_second = static_cast<std::size_t>(std::clamp<std::int64_t>(rate, 1, 1'000'000));
  std::set<std::string> names;
  for (const config::Element* one : own.elements("parameter")) {
    const config::Values parameter(parameter_table(), *one, diagnostics);
    const std::int64_t length = parameter.integer("length-max");
    if (length < 1 || length > 4096) {
      diagnostics.add(parameter.place("length-max"), "no such length of a parameter",
                      "write 1 to 4096");
    }
    const std::string& name = parameter.text("name");
    if (name.find(':') != std::string::npos)
      diagnostics.add(parameter.place("name"), "\"" + name + "\" has a prefix",
                      "write a plain name");
    if (parameter.has("name") && !names.insert(name).second)
      diagnostics.add(parameter.place("name"), "parameter " + name + " is declared twice");
    settings.parameters.push_back(
        {name, static_cast<std::size_t>(std::max<std::int64_t>(length, 1))});
  }
  return settings;
}

}  // namespace masar::http
