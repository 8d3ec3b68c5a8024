// `masar cases`, `masar messages`, `masar tasks`, `masar dead-letters`, `masar endpoints`,
// `masar restore`, `masar calendar` and `masar audit list`: thin clients of the operators'
// interface.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>
#include <boost/json.hpp>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/time.h"
#include "core/engine/snapshot.h"
#include "ops/admin/csv.h"
#include "ops/admin/messages.h"
#include "ops/masar/commands.h"

namespace masar {
namespace {

namespace json = boost::json;

struct Answer {
  int status = 0;
  json::value body;
};

/// One request to the hub. What fails is said on stderr; the status is then 0.
Answer ask(const ClientOptions& options, const std::string& method, const std::string& path,
           const std::string& body) {
  std::string token;
  std::ifstream(options.token_file) >> token;
  if (token.empty()) {
    std::cerr << "masar: no token in " << options.token_file
              << ": name the hub's with --token-file\n";
    return {};
  }
  try {
    const Poco::URI uri("http://" + options.address);
    Poco::Net::HTTPClientSession session(uri.getHost(), uri.getPort());
    session.setTimeout(Poco::Timespan(10, 0));
    Poco::Net::HTTPRequest request(method, path, Poco::Net::HTTPMessage::HTTP_1_1);
    request.set("Authorization", "Bearer " + token);
    if (method != "GET") {
      request.setContentType("application/json");
      request.setContentLength64(static_cast<Poco::Int64>(body.size()));
    }
    session.sendRequest(request) << body;
    Poco::Net::HTTPResponse response;
    std::string text;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), text);
    json::error_code error;
    Answer answer{static_cast<int>(response.getStatus()), json::parse(text, error)};
    if (answer.status >= 400) {
      const auto* object = answer.body.if_object();
      const auto* detail = object ? object->if_contains("detail") : nullptr;
      std::cerr << "masar: "
                << (detail && detail->is_string() ? std::string(detail->as_string()) : text)
                << "\n";
    }
    return answer;
  } catch (const Poco::Exception& error) {
    std::cerr << "masar: " << options.address << ": " << error.displayText() << "\n";
    return {};
  }
}

std::string field(const json::value& value, const char* name) {
  const auto* object = value.if_object();
  const auto* found = object ? object->if_contains(name) : nullptr;
  if (!found || found->is_null()) return "";
  return found->is_string() ? std::string(found->as_string()) : json::serialize(*found);
}

const json::value* member(const json::value& value, const char* name) {
  const auto* object = value.if_object();
  return object ? object->if_contains(name) : nullptr;
}

void print_row(const json::value& row, const std::vector<const char*>& columns) {
  for (std::size_t at = 0; at < columns.size(); ++at)
    std::cout << (at ? "\t" : "") << field(row, columns[at]);
  std::cout << "\n";
}

int print_rows(const ClientOptions& options, const Answer& answer, const char* list,
               const std::vector<const char*>& columns) {
  if (answer.status != 200) return kFailed;
  if (options.json) {
    std::cout << json::serialize(answer.body) << "\n";
    return kOk;
  }
  const auto* rows = member(answer.body, list);
  if (!rows || !rows->is_array()) return kFailed;
  for (const auto& row : rows->as_array()) print_row(row, columns);
  return kOk;
}

/// Every row of a list that comes in pages: `page` asks for the one behind what `after` says (null:
/// the first). False: one of them failed.
bool each_row(const char* list, const std::function<Answer(const json::value& after)>& page,
              const std::function<void(const json::value&)>& visit) {
  for (json::value after;;) {
    const Answer answer = page(after);
    const auto* rows = member(answer.body, list);
    if (answer.status != 200 || !rows || !rows->is_array()) return false;
    for (const auto& row : rows->as_array()) visit(row);
    const auto* next = member(answer.body, "after");
    if (!next || next->is_null()) return true;
    after = *next;
  }
}

std::string encoded(const std::string& text) {
  std::string out;
  Poco::URI::encode(text, "!#$&'()*+,/:;=?@[]%", out);
  return out;
}

std::string letter_path(std::int64_t id) { return "/api/dead-letters/" + std::to_string(id); }

/// An act whose answer says nothing but that it was done.
int act(const ClientOptions& options, const std::string& path, const std::string& body) {
  const Answer got = ask(options, "POST", path, body);
  return got.status >= 200 && got.status < 300 ? kOk : kFailed;
}

}  // namespace

int list_cases(const ClientOptions& options, const std::string& search, const std::string& state) {
  std::string path = "/api/cases?limit=500";
  if (!search.empty()) path += "&search=" + encoded(search);
  if (!state.empty()) path += "&state=" + encoded(state);
  return print_rows(options, ask(options, "GET", path, {}), "cases",
                    {"key", "state", "since", "version"});
}

int show_case(const ClientOptions& options, const std::string& key) {
  const Answer answer = ask(options, "GET", "/api/cases/" + encoded(key), {});
  if (answer.status != 200) return kFailed;
  if (options.json) {
    std::cout << json::serialize(answer.body) << "\n";
    return kOk;
  }
  std::cout << field(answer.body, "key") << "\t" << field(answer.body, "state") << "\tsince "
            << field(answer.body, "since") << "\n";
  return print_rows(options, answer, "timeline", {"at", "kind", "name", "text", "state"});
}

int list_audit(const ClientOptions& options, std::int64_t after) {
  const std::string path = "/api/audit?limit=500&after=" + std::to_string(after);
  return print_rows(options, ask(options, "GET", path, {}), "audit",
                    {"id", "at", "case", "kind", "name", "text", "state"});
}

int list_restored(const ClientOptions& options) {
  Answer all;
  json::array effects;
  const auto page = [&](const json::value& after) {
    const std::string from = after.is_null() ? "0" : json::serialize(after);
    return all = ask(options, "GET", "/api/restore?after=" + from, {});
  };
  if (!each_row("effects", page, [&](const json::value& row) { effects.push_back(row); }))
    return kFailed;
  std::stable_sort(effects.begin(), effects.end(), [](const auto& a, const auto& b) {
    return field(a, "partner") < field(b, "partner");
  });
  all.body.as_object()["effects"] = std::move(effects);
  if (!options.json) {
    std::cerr << (field(all.body, "times") == "0"
                      ? "masar: the store was never restored\n"
                      : "masar: restored at " + field(all.body, "at") + " from the backup of " +
                            field(all.body, "backup") + "\n");
  }
  return print_rows(options, all, "effects",
                    {"partner", "endpoint", "state", "case", "effect", "created", "id"});
}

int list_endpoints(const ClientOptions& options) {
  return print_rows(options, ask(options, "GET", "/api/endpoints", {}), "endpoints",
                    {"partner", "id", "direction", "paused", "waiting", "breaker"});
}

int pause_endpoint(const ClientOptions& options, const std::string& id, bool paused) {
  return act(options, "/api/endpoints/" + encoded(id) + (paused ? "/pause" : "/resume"), "{}");
}

namespace {

/// Says what is wrong with an instant or a date of an option; empty: nothing.
std::string time_problem(const char* option, const std::string& text) {
  if (parse_date(text) || parse_instant(text)) return {};
  return std::string(option) + ": " + admin::kTimeForm;
}

/// The first mistake in what was asked for; empty: none that is seen from here.
std::string problem_of(const Messages& what) {
  if (auto wrong = time_problem("--from", what.from); !wrong.empty()) return wrong;
  if (auto wrong = time_problem("--to", what.to); !wrong.empty()) return wrong;
  for (const auto& one : what.where) {
    if (one.find('=') == std::string::npos) return "--where " + one + ": write COLUMN=VALUE";
  }
  return {};
}

std::vector<std::string> strings_of(const json::value* list) {
  std::vector<std::string> texts;
  if (!list || !list->is_array()) return texts;
  for (const auto& text : list->as_array()) {
    if (text.is_string()) texts.emplace_back(text.as_string());
  }
  return texts;
}

void print_cells(const std::vector<std::string>& cells) {
  for (const auto& cell : cells) {
    if (&cell != &cells.front()) std::cout << "\t";
    std::cout << clean_text(cell);
  }
  std::cout << "\n";
}

}  // namespace

int list_messages(const ClientOptions& options, const Messages& what) {
  if (const std::string wrong = problem_of(what); !wrong.empty()) {
    std::cerr << "masar: " << wrong << "\n";
    return kUsage;
  }
  const bool json_lines = options.json || what.format == "json";
  const bool csv = !json_lines && what.format == "csv";
  std::string question = "/api/messages?limit=500&type=" + encoded(what.type) +
                         "&from=" + encoded(what.from) + "&to=" + encoded(what.to);
  for (const auto& one : what.where) {
    const auto equals = one.find('=');
    question += "&where=" + encoded(one.substr(0, equals) + ":" + one.substr(equals + 1));
  }
  std::vector<std::string> columns;
  const auto page = [&](const json::value& after) {
    const std::string behind = after.is_null() ? "" : "&after=" + json::serialize(after);
    Answer answer = ask(options, "GET", question + behind, {});
    if (after.is_null() && answer.status == 200) {
      columns = strings_of(member(answer.body, "columns"));
      if (csv) std::cout << admin::csv_line(admin::message_header(columns));
      if (!csv && !json_lines) print_cells(admin::message_header(columns));
    }
    return answer;
  };
  const auto visit = [&](const json::value& row) {
    if (json_lines) {
      std::cout << json::serialize(row) << "\n";
    } else if (const auto* message = row.if_object()) {
      const auto cells = admin::message_cells(*message, columns);
      if (csv) std::cout << admin::csv_line(cells);
      else print_cells(cells);
    }
  };
  if (each_row("messages", page, visit)) return kOk;
  if (!columns.empty()) std::cerr << "masar: the list is not whole\n";
  return kFailed;
}

int list_tasks(const ClientOptions& options) {
  return print_rows(options, ask(options, "GET", "/api/tasks?limit=500", {}), "tasks",
                    {"id", "name", "case", "due", "detail"});
}

int answer_task(const ClientOptions& options, const std::string& id, const std::string& answer,
                const std::vector<std::string>& fields) {
  json::object given;
  for (const auto& one : fields) {
    const auto equals = one.find('=');
    if (equals == std::string::npos) {
      std::cerr << "masar: " << one << ": write --field name=value\n";
      return kUsage;
    }
    given[one.substr(0, equals)] = one.substr(equals + 1);
  }
  const json::object body{{"answer", answer}, {"fields", given}};
  return act(options, "/api/tasks/" + encoded(id) + "/answer", json::serialize(body));
}

int list_dead_letters(const ClientOptions& options, bool all, bool causes) {
  if (causes) {
    return print_rows(options, ask(options, "GET", "/api/dead-letters?group=cause", {}), "causes",
                      {"count", "fingerprint", "route", "step", "code", "text"});
  }
  const std::string state = all ? "any" : "open";
  return print_rows(
      options, ask(options, "GET", "/api/dead-letters?limit=500&state=" + state, {}),
      "dead_letters",
      {"id", "at", "state", "case", "endpoint", "route", "step", "code", "fingerprint"});
}

int show_dead_letter(const ClientOptions& options, std::int64_t id) {
  const Answer answer = ask(options, "GET", letter_path(id), {});
  if (answer.status != 200) return kFailed;
  if (options.json) {
    std::cout << json::serialize(answer.body) << "\n";
    return kOk;
  }
  const auto* object = answer.body.if_object();
  if (!object) return kFailed;
  for (const auto& [name, value] : *object) {
    const auto* bytes = value.if_object();
    const std::string text = bytes ? field(value, "bytes") + " bytes\t" + field(value, "masked")
                                   : field(answer.body, std::string(name).c_str());
    if (!text.empty()) std::cout << name << "\t" << text << "\n";
  }
  return kOk;
}

int retry_dead_letter(const ClientOptions& options, std::int64_t id) {
  return act(options, letter_path(id) + "/retry", "{}");
}

int discard_dead_letter(const ClientOptions& options, std::int64_t id, const std::string& reason) {
  return act(options, letter_path(id) + "/discard",
             json::serialize(json::object{{"reason", reason}}));
}

int plan_calendar(const ClientOptions& options, const RunOptions& run) {
  const auto snapshot = load_or_tell(run);
  if (!snapshot) return kFailed;
  json::object question{{"calendar", snapshot->calendar().text()}};
  std::size_t count = 0;
  const bool all = each_row(
      "moves",
      [&](const json::value& after) {
        question["after"] = after;
        return ask(options, "POST", "/api/calendar/plan", json::serialize(question));
      },
      [&](const json::value& row) {
        ++count;
        if (options.json) {
          std::cout << json::serialize(row) << "\n";
          return;
        }
        const auto* at_once = member(row, "at_once");
        std::cout << field(row, "case") << "\t" << field(row, "kind") << "\t"
                  << field(row, "name") << "\t" << field(row, "due") << "\t"
                  << field(row, "moves_to")
                  << (at_once && at_once->as_bool() ? "\tat once" : "") << "\n";
      });
  if (all && !options.json) std::cout << count << " due times would move\n";
  return all ? kOk : kFailed;
}

int migrate_cases(const ClientOptions& options, const Migrate& what) {
  if (what.key.empty() && what.state.empty() && !what.all) {
    std::cerr << "masar: say which cases: a KEY, --state STATE, or --all\n";
    return kUsage;
  }
  int result = kOk;
  const auto page = [&](const json::value& after) {
    std::string path = "/api/migration?limit=100";
    if (!what.key.empty()) path += "&key=" + encoded(what.key);
    if (!what.state.empty()) path += "&state=" + encoded(what.state);
    if (after.is_string()) path += "&after=" + encoded(std::string(after.as_string()));
    return ask(options, "GET", path, {});
  };
  const auto visit = [&](const json::value& row) {
    const std::string key = field(row, "key");
    const auto* fits = member(row, "fits");
    const bool may = fits && fits->as_bool();
    std::string became = may ? "fits" : "does not fit";
    if (may && !what.plan) {
      const bool moved = act(options, "/api/cases/" + encoded(key) + "/migrate", "{}") == kOk;
      became = moved ? "migrated" : "not migrated";
      if (!moved) result = kFailed;
    }
    if (!may && !what.plan) result = kFailed;
    if (options.json) {
      json::object out = row.as_object();
      out["result"] = became;
      std::cout << json::serialize(out) << "\n";
      return;
    }
    std::cout << key << "\t" << field(row, "state") << "\t" << became;
    if (const auto* reasons = member(row, "reasons"); reasons && reasons->is_array()) {
      for (const auto& reason : reasons->as_array())
        std::cout << "\t" << std::string(reason.as_string());
    }
    std::cout << "\n";
  };
  return each_row("cases", page, visit) ? result : kFailed;
}

}  // namespace masar
