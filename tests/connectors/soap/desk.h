#pragma once

#include <ostream>

#include "connectors/http/http.h"
#include "connectors/soap/soap.h"
#include "tests/connectors/http/raw.h"
#include "tests/connectors/http/stage.h"

namespace masar::connector {
inline std::ostream& operator<<(std::ostream& out, OutcomeKind kind) {
  constexpr const char* kNames[] = {"delivered", "rejected", "unavailable", "unknown"};
  return out << kNames[static_cast<int>(kind)];
}
}  // namespace masar::connector

/// What the tests of the SOAP connector stand on: the hub's side of one endpoint, and a partner
/// that says what it is told.
namespace masar::test::soap_desk {

using namespace masar::connector;
using masar::http::Listeners;
using test::Endpoint;
using test::has;
using test::part;
using test::RawServer;
using test::RawSocket;
using test::Stage;
using test::status_of;

inline const std::string kHere = "<listener id='http' connector='http' address='127.0.0.1:0'/>";
inline const std::string kSoap = "http://schemas.xmlsoap.org/soap/envelope/";
inline const std::string kAuth = "Authorization: Basic dTpvcGVuIHNlc2FtZQ==\r\n";
inline const std::string kWsdl =
    std::string(MASAR_SOURCE_DIR) + "/tests/connectors/soap/notices.wsdl";
inline const std::string kPython =
    "/usr/bin/python3 " + std::string(MASAR_SOURCE_DIR) + "/tests/connectors/soap/";
inline const Prefixes kPrefixes{{"urn:a", "a"}, {"urn:b", "b"}};

inline std::string envelope(const std::string& body, const std::string& header = "") {
  return "<e:Envelope xmlns:e='" + kSoap + "'>" + header + "<e:Body>" + body +
         "</e:Body></e:Envelope>";
}

/// The hub's side: one inbound endpoint behind a real listener.
struct Inbound {
  /// `attributes` and `inner`: more of `<soap>`; `prepare` completes the endpoint.
  explicit Inbound(const std::string& attributes = "",
                   const std::string& inner = "<operation name='Exact' action='urn:b/exactly'/>",
                   const std::function<void(EndpointSpec&)>& prepare = {})
      : endpoint("in", true,
                 "<soap listener='http' path='/in' user='u' password='secret:pass' " + attributes +
                     ">" + inner + "</soap>") {
    if (prepare) prepare(endpoint.spec);
    stage.answering = [](const Received&) {
      return IntakeAnswer{part(PartAnswer::Kind::accepted)};
    };
    http = http::make_http(stage.context(kPrefixes), listeners);
    http->add_listener(test::element(kHere));
    soap = masar::soap::make_soap(stage.context(kPrefixes), listeners);
    soap->add_inbound(endpoint.spec, stage);
    http->start();
    address = http->addresses().at("http");
  }
  ~Inbound() { http->stop(); }
  std::string post(const std::string& body, const std::string& headers = kAuth,
                   const std::string& type = "text/xml") {
    RawSocket socket(address);
    socket.send("POST /in HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: " + type +
                "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                body);
    return socket.read_all();
  }
  std::string get(const std::string& target, const std::string& headers = kAuth) {
    RawSocket socket(address);
    socket.send("GET " + target + " HTTP/1.1\r\nHost: hub.example:81\r\nConnection: close\r\n" +
                headers + "\r\n");
    return socket.read_all();
  }
  Stage stage;
  Listeners listeners;
  Endpoint endpoint;
  std::unique_ptr<Connector> http;
  std::unique_ptr<Connector> soap;
  std::string address;
};

/// `attributes` of its one operation, `own` of `<soap>`, `inner` beside the operation.
inline Endpoint out_endpoint(const std::string& url, const std::string& attributes = "",
                             const std::string& own = "", const std::string& inner = "") {
  return Endpoint(
      "out", false,
      "<soap url='" + url +
          "' user='u' password='secret:pass' fault-code='b:AskFault/b:Code' " +
          own + ">" + inner +
          "<operation name='Ask' action='urn:b/Ask' rejected='NOT_FOUND GONE' unavailable='BUSY' " +
          attributes + "/></soap>");
}

inline Attempt ask(const std::string& number = "1", const std::string& name = "n") {
  Attempt attempt;
  attempt.effect_id = "effect-1";
  attempt.operation = "Ask";
  attempt.body = "<b:Ask xmlns:b=\"urn:b\"><b:Number>" + number + "</b:Number><b:Name>" + name +
                 "</b:Name></b:Ask>";
  return attempt;
}

/// One exchange of such an endpoint with a partner that answers `body`.
struct Exchanged {
  Outcome outcome;
  std::string request;  ///< as it came
};
struct Answer {
  std::string status, type, body;
  std::string headers = {};
};
inline Exchanged exchange(const Answer& answer, const std::string& own = "",
                          const std::string& inner = "", const std::string& attributes = "",
                          const Attempt& attempt = ask()) {
  Exchanged result;
  RawServer partner([&](RawSocket& socket, int) {
    result.request = socket.read_response();
    socket.send("HTTP/1.1 " + answer.status + " X\r\nContent-Type: " + answer.type + "\r\n" +
                answer.headers + "Content-Length: " + std::to_string(answer.body.size()) +
                "\r\n\r\n" + answer.body);
  });
  Stage stage;
  Listeners listeners;
  const Endpoint endpoint =
      out_endpoint("http://" + partner.address() + "/", attributes, own, inner);
  const auto connector = masar::soap::make_soap(stage.context(kPrefixes), listeners);
  result.outcome = test::send(*connector->add_outbound(endpoint.spec, stage), attempt);
  return result;
}
inline Outcome outcome_of(const std::string& status, const std::string& body,
                          const std::string& type = "text/xml", const std::string& attributes = "",
                          const std::string& headers = "") {
  return exchange({status, type, body, headers}, "", "", attributes).outcome;
}

inline std::string typed_fault(const std::string& code) {
  return envelope(
      "<e:Fault><faultcode>e:Server</faultcode><faultstring>no</faultstring><detail>"
      "<x:AskFault xmlns:x='urn:b'><x:Code>" +
      code + "</x:Code></x:AskFault></detail></e:Fault>");
}

}  // namespace masar::test::soap_desk
