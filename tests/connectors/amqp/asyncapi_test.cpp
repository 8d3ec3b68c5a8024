#define BOOST_TEST_DYN_LINK
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include "core/connector/guide.h"
#include "tests/connectors/amqp/hub.h"

using namespace masar;
using connector::Exchange;
using masar::test::Hub;

namespace json = boost::json;

namespace {

/// A partner's endpoints on the listener "amqp" and the connection "broker", and the document that
/// describes them.
class Partner {
 public:
  explicit Partner(const std::string& hosts = "127.0.0.1:5672") {
    declare_connection("broker", hosts);
    const auto& listener =
        hub_.parse(R"(<listener id="amqp" connector="amqp" address="127.0.0.1:5671"/>)");
    hub_.connector->check_listener(listener, found_);
  }
  void declare_connection(const std::string& id, const std::string& hosts) {
    const auto& connection =
        hub_.parse("<connection id=\"" + id + "\" connector=\"amqp\" hosts=\"" + hosts +
                   "\" user=\"u\" password=\"secret:u\" readable-password=\"allowed\"/>");
    hub_.connector->check_connection(connection, found_);
  }
  Partner& listens(const std::string& id, bool inbound, std::vector<Exchange> exchanges) {
    return add(id, inbound, Hub::attributes(id, "u"), std::move(exchanges));
  }
  Partner& connects(const std::string& id, const std::string& connection = "broker") {
    return add(id, false, "connection=\"" + connection + "\" address=\"" + id + "\"",
               {{{"", "Ping"}, "Ping", false, false, {}, {}, {}}});
  }

  json::object document() {
    const auto samples = [](const std::string& endpoint, const connector::ElementName& root) {
      const std::string xml = "<" + root.local + "/>";
      return std::vector<connector::Sample>{{"of-" + endpoint, xml}, {"of-all", xml}};
    };
    connector::GuideRequest request{"hub", "them", "1", {}, samples};
    for (const auto& [spec, exchanges] : endpoints_)
      request.endpoints.push_back({&spec, exchanges});
    const auto guide = hub_.connector->guide(request);
    BOOST_REQUIRE_EQUAL(found_.text(), "");
    return json::parse(guide.files.at(0).contents).as_object();
  }
  json::object messages() { return document().at("components").at("messages").as_object(); }

 private:
  Partner& add(const std::string& id, bool inbound, const std::string& attributes,
               std::vector<Exchange> exchanges) {
    auto spec = hub_.spec(id, inbound, attributes);
    spec.partner = "them";
    hub_.connector->check(spec, found_);
    endpoints_.emplace_back(std::move(spec), std::move(exchanges));
    return *this;
  }

  Hub hub_{test::Bare{}};
  config::Diagnostics found_;
  std::vector<std::pair<connector::EndpointSpec, std::vector<Exchange>>> endpoints_;
};

Exchange received(const std::string& prefix, const std::string& local) {
  return {{"urn:" + prefix, local}, prefix + ":" + local, true, false, {}, {}};
}

std::vector<std::string> keys(const json::object& object) {
  std::vector<std::string> found;
  for (const auto& member : object) found.emplace_back(member.key());
  std::sort(found.begin(), found.end());
  return found;
}

std::string text(const json::value& value) { return std::string(value.as_string()); }

using Keys = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(amqp_asyncapi)

BOOST_AUTO_TEST_CASE(a_message_has_the_name_of_its_element) {
  Partner partner;
  partner.listens("a-in", true, {received("p", "Ping"), received("p", "Pong")});
  partner.listens("b-in", true, {received("p", "Ping")});  // the same there
  BOOST_TEST(keys(partner.messages()) == (Keys{"Ping", "Pong"}));
  const auto channel = partner.document().at("channels").at("b-in");
  BOOST_TEST(text(channel.at("messages").at("Ping").at("$ref")) == "#/components/messages/Ping");
  Keys examples;
  const auto messages = partner.messages();
  for (const auto& one : messages.at("Ping").at("examples").as_array())
    examples.push_back(text(one.at("name")));
  BOOST_TEST(examples == (Keys{"of-a-in", "of-all", "of-b-in"}));
}

BOOST_AUTO_TEST_CASE(one_local_name_in_two_namespaces_is_two_messages) {
  Partner partner;
  partner.listens("a-in", true, {received("p", "Ping"), received("q", "Ping")});
  const auto messages = partner.messages();
  BOOST_TEST(keys(messages) == (Keys{"p_Ping.a-in", "q_Ping.a-in"}));
  for (const std::string prefix : {"p", "q"}) {
    const auto& one = messages.at(prefix + "_Ping.a-in");
    BOOST_TEST(text(one.at("name")) == "Ping");
    BOOST_TEST(text(one.at("payload").at("description")).ends_with("of urn:" + prefix));
  }
  const auto document = partner.document();
  BOOST_TEST(document.at("operations").at("receive-a-in").at("messages").as_array().size() == 2);
  BOOST_TEST(keys(document.at("channels").at("a-in").at("messages").as_object()) ==
             keys(messages));
}

BOOST_AUTO_TEST_CASE(any_document_to_the_hub_is_another_message_than_any_from_it) {
  const Exchange in{{}, "", true, false, {}, {}};
  const Exchange out{{}, "", false, false, {}, {}};
  Partner partner;
  partner.listens("a-in", true, {in}).listens("a-out", false, {out});
  partner.listens("b-in", true, {received("p", "Ping")});
  const auto messages = partner.messages();
  BOOST_TEST(keys(messages) == (Keys{"Ping", "any.a-in", "any.a-out"}));
  BOOST_TEST(text(messages.at("any.a-in").at("summary")) == "them sends it");
  BOOST_TEST(text(messages.at("any.a-out").at("summary")) == "The hub sends it");
  // The names do not depend on the order of the endpoints.
  Partner other;
  other.listens("a-out", false, {out}).listens("a-in", true, {in});
  BOOST_TEST(keys(other.messages()) == (Keys{"any.a-in", "any.a-out"}));
}

BOOST_AUTO_TEST_CASE(what_differs_only_in_letters_that_a_key_cannot_hold_is_told_apart) {
  Partner partner;
  partner.listens("a-in", true, {received("p", "طلب"), received("p", "بلغ")});
  const auto messages = partner.messages();
  BOOST_TEST(messages.size() == 2);
  for (const auto& member : messages)
    BOOST_TEST(member.key().starts_with("p_______.a-in-"), member.key());
}

BOOST_AUTO_TEST_CASE(one_document_of_two_operations_is_one_message) {
  Exchange first{{"", "Ping"}, "Ping", false, false, "one", {"x"}};
  Exchange second{{"", "Ping"}, "Ping", false, false, "two", {"y"}};
  Partner partner;
  partner.listens("a-out", false, {first, second});
  const auto messages = partner.messages();
  BOOST_TEST(keys(messages) == (Keys{"Ping"}));
  BOOST_TEST(keys(messages.at("Ping").at("headers").at("properties").as_object()) ==
             (Keys{"traceparent", "tracestate", "x", "y"}));
}

BOOST_AUTO_TEST_CASE(every_host_of_a_connection_is_a_server_of_its_channels) {
  Partner partner("a.example:5671 b.example:5671 c.example:5671");
  partner.connects("x-out").connects("y-out");
  const auto document = partner.document();
  const auto& servers = document.at("servers").as_object();
  BOOST_TEST(keys(servers) == (Keys{"broker", "broker-2", "broker-3"}));
  BOOST_TEST(text(servers.at("broker").at("host")) == "a.example:5671");
  BOOST_TEST(text(servers.at("broker-3").at("host")) == "c.example:5671");
  for (const auto& server : servers) {
    BOOST_TEST(text(server.value().at("description")).ends_with("tries one after the other"));
    BOOST_TEST(server.value().at("security").as_array().size() == 1);
  }
  for (const char* channel : {"x-out", "y-out"}) {
    Keys named;
    for (const auto& server : document.at("channels").at(channel).at("servers").as_array())
      named.push_back(text(server.at("$ref")));
    BOOST_TEST(named == (Keys{"#/servers/broker", "#/servers/broker-2", "#/servers/broker-3"}));
  }
}

BOOST_AUTO_TEST_CASE(one_host_has_the_name_of_its_edge) {
  Partner partner;
  partner.connects("x-out").listens("a-in", true, {received("p", "Ping")});
  const auto servers = partner.document().at("servers").as_object();
  BOOST_TEST(keys(servers) == (Keys{"amqp", "broker"}));
  BOOST_TEST(text(servers.at("broker").at("description")) == "AMQP 1.0 with SASL, without TLS");
}

BOOST_AUTO_TEST_CASE(servers_whose_names_would_be_the_same_are_told_apart) {
  Partner partner("a.example:5671 b.example:5671");
  partner.declare_connection("broker-2", "c.example:5671");
  partner.declare_connection("amqp", "d.example:5671");  // as the listener is called
  partner.connects("x-out").connects("y-out", "broker-2").connects("z-out", "amqp");
  partner.listens("a-in", true, {received("p", "Ping")});
  Keys hosts;
  const auto document = partner.document();
  for (const auto& server : document.at("servers").as_object())
    hosts.push_back(text(server.value().at("host")));
  std::sort(hosts.begin(), hosts.end());
  BOOST_TEST(hosts == (Keys{"127.0.0.1:5671", "a.example:5671", "b.example:5671",
                            "c.example:5671", "d.example:5671"}));
}

BOOST_AUTO_TEST_CASE(the_correlation_of_each_message_is_what_is_sent) {
  using connector::Correlation;
  const auto sent = [](const std::string& local, std::set<Correlation> correlation) {
    return Exchange{{"", local}, local, false, false, {}, {}, std::move(correlation)};
  };
  Partner partner;
  partner.listens("a-in", true, {received("p", "Ping")});
  partner.listens("a-out", false,
                  {sent("Of", {Correlation::case_key}), sent("Said", {Correlation::route}),
                   sent("Passed", {Correlation::sender}), sent("Tapped", {Correlation::none}),
                   sent("Mixed", {Correlation::case_key, Correlation::none}),
                   sent("Both", {Correlation::case_key, Correlation::sender})});
  const auto messages = partner.messages();
  const auto told = [&](const char* name) {
    const std::string all = text(messages.at(name).at("description"));
    return all.substr(all.rfind("correlation-id: "));
  };
  BOOST_TEST(told("Of") == "correlation-id: the key of its case.");
  BOOST_TEST(told("Said") == "correlation-id: what the configuration of the hub says.");
  BOOST_TEST(told("Passed") ==
             "correlation-id: that of the message it passes on, where that has one.");
  BOOST_TEST(told("Tapped") == "correlation-id: none.");
  const auto identified = [&](const char* name, const std::string& says) {
    return text(messages.at(name).at("description")).starts_with("Property message-id: " + says);
  };
  BOOST_TEST(identified("Of", "the hub's, the same"));
  BOOST_TEST(identified("Passed", "that of the message it passes on, the same"));
  BOOST_TEST(identified("Both", "the hub's, or that of the message it passes on, the same"));
  BOOST_TEST(told("Mixed") == "correlation-id: the key of its case; or none.");
  for (const auto& member : messages) {
    BOOST_TEST(member.value().as_object().contains("correlationId") == (member.key() != "Tapped"),
               member.key());
  }
}

BOOST_AUTO_TEST_SUITE_END()
