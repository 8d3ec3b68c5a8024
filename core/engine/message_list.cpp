#include "core/engine/message_list.h"

#include <algorithm>
#include <sstream>

#include "core/config/fields.h"
#include "core/route/compiler.h"

namespace masar::engine {
namespace {

using config::ElementTable;
using config::Kind;

const ElementTable kList{
    "list",
    "Messages that came in, as rows for people: by type and time, in JSON or CSV.",
    {{"id", Kind::name, true, "", "its name", {}},
     {"endpoints", Kind::text, true, "", "inbound endpoints, separated by spaces", {}},
     {"type", Kind::text, true, "", "type of the messages, as in a route's <from>", {}}},
    {"column"}};
const ElementTable kColumn{
    "column",
    "One value of each message; nothing else of it leaves the hub.",
    {{"name", Kind::name, true, "", "its name", {}},
     {"value", Kind::expression, true, "", "the value: a path, or any expression", {}},
     {"of",
      Kind::choice,
      false,
      "message",
      "which document paths start in: the message, or the reply that it was given",
      {"message", "reply"}}},
    {}};

/// Reads one `<list>`.
class ListReader {
 public:
  ListReader(const ListSurroundings& around, config::Diagnostics& diagnostics)
      : around_(around), diagnostics_(diagnostics) {}

  std::optional<MessageList> read(const config::Element& root) {
    const config::Values values(kList, root, diagnostics_);
    if (!values.has("id")) return std::nullopt;
    list_.id = values.text("id");
    list_.type = values.text("type");
    read_endpoints(values);
    for (const auto* column : root.elements("column")) read_column(*column);
    return std::move(list_);
  }

 private:
  void read_endpoints(const config::Values& values) {
    if (!values.has("endpoints")) return;
    std::istringstream names(values.text("endpoints"));
    bool any = false;
    for (std::string name; names >> name; any = true) read_endpoint(name, values);
    if (!any) diagnostics_.add(values.place("endpoints"), "names no endpoint", "");
  }

  void read_endpoint(const std::string& name, const config::Values& values) {
    const config::Place place = values.place("endpoints");
    const auto& known = around_.library.endpoints;
    const auto found = known.find(name);
    if (found == known.end() || !found->second) {
      std::vector<std::string> inbound;
      for (const auto& [id, in] : known) {
        if (in) inbound.push_back(id);
      }
      const bool outbound = found != known.end();
      return diagnostics_.add(
          place, (outbound ? "outbound endpoint \"" : "unknown endpoint \"") + name + "\"",
          config::suggest(name, inbound));
    }
    const auto& named = list_.endpoints;
    if (std::find(named.begin(), named.end(), name) != named.end())
      return diagnostics_.add(place, "endpoint \"" + name + "\" is named twice", "");
    list_.endpoints.push_back(name);
    if (values.has("type")) check_type(name, values.place("type"));
  }

  /// Only a durable route keeps its messages.
  void check_type(const std::string& endpoint, const config::Place& place) {
    std::vector<std::string> kept;
    for (const auto& route : around_.routes) {
      if (route->from_endpoint != endpoint) continue;
      if (route->mode == route::Mode::durable) kept.push_back(route->from_type);
      if (route->from_type != list_.type) continue;
      if (route->mode == route::Mode::durable) return;
      return diagnostics_.add(place,
                              "route \"" + route->id + "\" keeps nothing of what comes from \"" +
                                  endpoint + "\"",
                              "only messages of a route with mode=\"durable\" can be listed");
    }
    if (!around_.routes_whole) return;
    diagnostics_.add(place, "no route takes \"" + list_.type + "\" from \"" + endpoint + "\"",
                     config::suggest(list_.type, kept));
  }

  void read_column(const config::Element& element) {
    const config::Values values(kColumn, element, diagnostics_);
    if (!values.has("name") || !values.has("value")) return;
    const std::string& name = values.text("name");
    check_name(name, values.place("name"));
    auto value = expression::compile(values.text("value"), values.place("value"),
                                     route::message_scope(around_.library), std::nullopt,
                                     diagnostics_);
    if (!value) return;
    using expression::Kind;
    const Kind kind = value->type().kind;
    if (kind == Kind::list || kind == Kind::table || kind == Kind::row) {
      return diagnostics_.add(values.place("value"),
                              "a column is one value, not a " + type_name(value->type()),
                              "write join(…, ' ') or count(…)");
    }
    list_.columns.push_back({name, values.text("of") == "reply", std::move(*value)});
  }

  void check_name(const std::string& name, const config::Place& place) {
    if (name.find(':') != std::string::npos)
      diagnostics_.add(place, "the column's name holds a colon", "leave out the prefix");
    if (std::find(kListedOfAll.begin(), kListedOfAll.end(), name) != kListedOfAll.end())
      diagnostics_.add(place, "every list has a column \"" + name + "\"", "name it otherwise");
    if (std::any_of(list_.columns.begin(), list_.columns.end(),
                    [&name](const auto& column) { return column.name == name; }))
      diagnostics_.add(place, "a second column \"" + name + "\"", "name it otherwise");
  }

  const ListSurroundings& around_;
  config::Diagnostics& diagnostics_;
  MessageList list_;
};

}  // namespace

std::optional<MessageList> load_message_list(const config::Element& root,
                                             const ListSurroundings& around,
                                             config::Diagnostics& diagnostics) {
  return ListReader(around, diagnostics).read(root);
}

}  // namespace masar::engine
