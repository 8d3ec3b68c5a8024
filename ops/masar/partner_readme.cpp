#include "ops/masar/partner_readme.h"

#include <algorithm>

namespace masar {
namespace {

using connector::Guide;
using connector::plain_time;
using engine::DeclaredRefusal;

constexpr std::size_t kVersionCharacters = 12;  ///< of the configuration's hash

/// Text as it may stand in a table's cell.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string row(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const auto& one : cells) line += " " + cell(one) + " |";
  return line + "\n";
}

std::string table(const Guide::Table& what) {
  std::string text = what.title.empty() ? "" : what.title + ":\n\n";
  text += row(what.columns);
  text += row(std::vector<std::string>(what.columns.size(), "---"));
  for (const auto& cells : what.rows) text += row(cells);
  return text + "\n";
}

std::string facts(const std::vector<Guide::Fact>& all) {
  Guide::Table rows{{}, {"", ""}, {}};
  for (const auto& fact : all) rows.rows.push_back({fact.what, fact.says});
  return table(rows);
}

/// Of one endpoint; what the hub promises whatever the protocol.
class Section {
 public:
  explicit Section(const GuidedEndpoint& what) : what_(what), endpoint_(*what.endpoint) {}

  std::string text() {
    const bool inbound = endpoint_.spec.inbound;
    std::string text = "## " + endpoint_.spec.id + (inbound ? " (you send)" : " (the hub sends)");
    text += "\n\n" + facts(what_.part.facts) + messages();
    text += "Limits and promises:\n\n" + facts(inbound ? taken() : sent());
    if (inbound) text += repetitions() + codes();
    for (const auto& one : what_.part.tables) text += table(one);
    return text;
  }

 private:
  std::string messages() const {
    Guide::Table rows{"Messages", {"message", "from", "namespace", "schema"}, {}};
    for (const auto& one : what_.exchanges) {
      std::string from = one.from_partner ? "you" : "the hub";
      if (one.reply) from += ", as the answer";
      if (!one.operation.empty()) from += ", operation `" + one.operation + "`";
      const bool any = one.root.local.empty();
      rows.rows.push_back(
          {any ? "any" : "`" + one.root.local + "`", from,
           one.root.uri.empty() ? "none" : "`" + one.root.uri + "`",
           endpoint_.spec.schema.empty() || any
               ? "none"
               : "`" + connector::schema_path(endpoint_.spec.schema) + "`"});
    }
    return rows.rows.empty() ? "No route uses this endpoint at present.\n\n" : table(rows);
  }

  bool replies() const {
    return std::any_of(what_.exchanges.begin(), what_.exchanges.end(),
                       [](const auto& one) { return one.reply; });
  }

  std::vector<Guide::Fact> taken() const {
    const XmlLimits& limits = endpoint_.spec.xml;
    std::vector<Guide::Fact> all{
        {"Size", std::to_string(limits.bytes_max) + " bytes a message; elements nested " +
                     std::to_string(limits.depth_max) + " deep, " +
                     std::to_string(limits.nodes_max) + " elements and texts, " +
                     std::to_string(limits.attributes_max) + " attributes of one element"}};
    if (!endpoint_.spec.schema.empty())
      all.push_back({"What the schema does not know", endpoint_.known
                                                          ? "is dropped"
                                                          : "makes the message refused"});
    all.push_back(
        {"Never taken", "DOCTYPE and entities, an encoding other than UTF-8, attachments"});
    if (endpoint_.spec.queries) {
      all.push_back({"Kind", "a question: nothing changes by it"});
    } else {
      all.push_back({"Acknowledged", "once the message is on disk"});
    }
    if (replies())
      all.push_back({"Answer within", plain_time(endpoint_.spec.timeout) +
                                          "; past it: try again, which brings the same answer"});
    if (!endpoint_.refusals.empty()) {
      all.push_back({"Refused later", "what was acknowledged and is then refused by its case is "
                                      "told by `MessageRefused` at `" +
                                          endpoint_.refusals + "`"});
    }
    return all;
  }

  std::vector<Guide::Fact> sent() const {
    const engine::DeliveryPolicy& policy = endpoint_.delivery;
    std::vector<Guide::Fact> all{
        {"One attempt", "at most " + plain_time(policy.timeout)},
        {"Attempts", std::to_string(policy.attempts) + ", the first interval " +
                         plain_time(policy.first) + ", each " +
                         std::to_string(static_cast<int>(policy.factor)) +
                         " times the one before, at most " + plain_time(policy.max)}};
    if (policy.breaker_failures > 0)
      all.push_back({"After failures", "the hub pauses for " + plain_time(policy.breaker_open) +
                                           " after " + std::to_string(policy.breaker_failures) +
                                           " in a row"});
    if (policy.rate_per_second > 0)
      all.push_back({"Rate", "at most " +
                                 std::to_string(static_cast<std::int64_t>(policy.rate_per_second)) +
                                 " a second"});
    all.push_back({"At once", "at most " + std::to_string(policy.concurrency)});
    all.push_back({"Repetitions",
                   policy.idempotent
                       ? "where the hub does not know whether you took a message it sends it again "
                         "under the same message id: know it again by that"
                       : "a message that you may have taken is never sent again by itself"});
    all.push_back({"Order", "messages of one case come in their order"});
    return all;
  }

  std::string repetitions() const {
    if (endpoint_.spec.queries) return {};
    std::string text = "Repetitions: ";
    if (endpoint_.keys.empty())
      return text + "the hub does not know a message again; send each once.\n\n";
    text += "a message that comes again with the same key and the same content changes nothing and "
            "gets the answer of the first one; with other content it is refused with "
            "`duplicate-differs`.\n\n";
    Guide::Table rows{{}, {"key", "of", "stands at", "kept"}, {}};
    for (const auto* one : endpoint_.spec.root->elements("deduplicate")) {
      const std::string key(one->value("key"));
      const std::string name(one->value("name"));
      const std::string keep(one->value("keep"));
      rows.rows.push_back({name.empty() ? "`" + key + "`" : name,
                           one->value("of") == "part" ? "each part" : "the message",
                           key == "$message.id" ? "the message id" : "`" + key + "`",
                           keep.empty() ? engine::DuplicateKey::kKeepUnlessSaid : keep});
    }
    return text + table(rows);
  }

  std::string codes() const {
    Guide::Table rows{"Codes of refusals", {"code", "when"}, {}};
    const auto add = [&](const std::string& code, const std::string& when) {
      rows.rows.push_back({"`" + code + "`", when});
    };
    add("xml-…", "the document is not well-formed, or over a limit");
    add("too-large", "the message is larger than the limit");
    add("unknown-type", "no message of this kind is taken here");
    if (!endpoint_.spec.schema.empty())
      add("schema-invalid", "not valid by the schema; the text names the element");
    add("expired", "it came after its expiry");
    if (!endpoint_.keys.empty()) add("duplicate-differs", "see repetitions");
    for (const DeclaredRefusal& one : what_.refusals) add(one.code, when(one));
    return table(rows);
  }

  static std::string when(const DeclaredRefusal& one) {
    const std::string of = one.type.empty() ? "" : " (`" + one.type + "`)";
    if (!one.text.empty()) return one.text + of;
    if (one.by == DeclaredRefusal::By::no_case) return "there is no such case" + of;
    return (one.by == DeclaredRefusal::By::process ? "the case does not take it as it is now"
                                                   : "refused") + of;
  }

  const GuidedEndpoint& what_;
  const engine::Endpoint& endpoint_;
};

std::string introduction(const engine::Snapshot& snapshot, const std::string& partner) {
  return "# " + snapshot.hub.name + " for " + partner + "\n\nWhat the engineers of " + partner +
         " need to know to exchange messages with the hub " + snapshot.hub.name +
         ". Written by `masar docs partner` from its configuration, version `" +
         version_of(snapshot) +
         "`; passwords, keys and certificates are handed over apart. Times that messages carry are "
         "of the zone " + snapshot.hub.zone + " where they have none of their own.\n\n";
}

std::string retry_advice() {
  return "## How to repeat\n\n"
         "Repeat a message only as it is, with its message id, where the answer says so or none "
         "came: after 1 s, then each time twice as long up to 1 min, and not before what "
         "Retry-After says where the answer has one. Never repeat what was refused: it is refused "
         "again. Go on with the next message of the same case only after the one before was "
         "acknowledged: the order in which the hub acknowledges is the order that counts.\n\n";
}

}  // namespace

std::string version_of(const engine::Snapshot& snapshot) {
  return snapshot.hash.substr(0, kVersionCharacters);
}

std::string partner_readme(const engine::Snapshot& snapshot, const std::string& partner,
                           const std::vector<GuidedEndpoint>& endpoints,
                           const std::map<std::string, std::string>& files) {
  std::string text = introduction(snapshot, partner);
  Guide::Table list{"Files", {"file", "what"}, {}};
  for (const auto& [path, about] : files) list.rows.push_back({"`" + path + "`", about});
  if (!list.rows.empty()) text += table(list);
  bool any_inbound = false;
  for (const auto& endpoint : endpoints) {
    text += Section(endpoint).text();
    any_inbound = any_inbound || endpoint.endpoint->spec.inbound;
  }
  if (any_inbound) text += retry_advice();
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

}  // namespace masar
