#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "connectors/http/http.h"
#include "core/base/hash.h"
#include "core/base/manual.h"
#include "tests/connectors/http/raw.h"
#include "tests/connectors/http/stage.h"

using namespace masar;
using namespace masar::connector;
using masar::http::Listeners;
using masar::http::make_http;
using masar::test::Endpoint;
using masar::test::has;
using masar::test::part;
using masar::test::RawSocket;
using masar::test::Stage;
using masar::test::status_of;

namespace {

const std::string kHere = "<listener id='http' connector='http' address='127.0.0.1:0'/>";
const std::string kParameters =
    "<parameter name='code' length-max='8'/><parameter name='lang' length-max='2'/>";

std::string asks(const std::string& more, const std::string& inner = kParameters) {
  return "<http listener='http' path='/ask' method='GET' " + more + ">" + inner + "</http>";
}

std::string check(const std::string& own, bool queries = true,
                  const std::string& listener = kHere) {
  Stage stage;
  Listeners listeners;
  const auto connector = make_http(stage.context(), listeners);
  config::Diagnostics diagnostics;
  connector->check_listener(test::element(listener), diagnostics);
  Endpoint endpoint("e", true, own);
  endpoint.spec.queries = queries;
  connector->check(endpoint.spec, diagnostics);
  return diagnostics.text();
}

/// A GET endpoint with a clock that stands still.
struct Asked {
  explicit Asked(const std::string& more = "", const std::string& inner = kParameters)
      : endpoint("ask", true, asks(more, inner)) {
    connector::Context context = stage.context();
    connector = make_http({context.business, steady, context.executor, context.secrets,
                           context.prefixes, context.zone, context.log},
                          listeners);
    connector->add_listener(test::element(kHere));
    connector->add_inbound(endpoint.spec, stage);
    connector->start();
    address = connector->addresses().at("http");
    stage.answering = [this](const Received&) {
      return IntakeAnswer{test::reply(reader, "<a:r xmlns:a='urn:a'>1</a:r>")};
    };
  }
  ~Asked() { connector->stop(); }

  std::string request(const std::string& head, const std::string& rest = "\r\n") {
    RawSocket socket(address);
    socket.send(head + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + rest);
    return socket.read_all();
  }
  std::string get(const std::string& query) { return request("GET /ask" + query); }
  /// The document that reached the hub, or the status and code of the refusal.
  std::string made(const std::string& query) {
    const auto before = stage.received().size();
    const std::string answer = get(query);
    const auto received = stage.received();
    if (received.size() > before) return received.back().body;
    const auto at = answer.find("\"code\":\"");
    if (at == std::string::npos) return status_of(answer);
    return status_of(answer) + " " + answer.substr(at + 8, answer.find('"', at + 8) - at - 8);
  }

  Stage stage;
  ManualSteadyClock steady;
  Listeners listeners;
  Endpoint endpoint;
  XmlReader reader{{{"urn:a", "a"}, {"http://www.w3.org/1999/xhtml", "h"}}, {}};
  std::unique_ptr<Connector> connector;
  std::string address;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(http_query)

BOOST_AUTO_TEST_CASE(bad_configuration_is_found) {
  const auto finds = [](const std::string& text, const char* says) {
    BOOST_TEST(has(text, says), says << " in " << text);
  };
  BOOST_TEST(
      check(asks("reply-type='text/html; charset=utf-8' per-second='5' namespace='urn:a'")) == "");
  finds(check(asks(""), false), "e.xml:1:60: a GET changes nothing: its routes are queries");
  finds(check(asks("content-type='text/xml'")), "no attribute \"content-type\"");
  finds(check(asks("reply-type='image/png'")), "a reply is XML or HTML in UTF-8");
  finds(check(asks("reply-type='text/html; charset=latin1'")), "a reply is XML or HTML in UTF-8");
  finds(check(asks("per-second='0'")), "write 1 to 1000000");
  finds(check(asks("", "<parameter name='a:b'/>")), "has a prefix");
  finds(check(asks("", "<parameter name='a'/><parameter name='a'/>")), "a is declared twice");
  finds(check(asks("", "<parameter name='a' length-max='0'/>")), "write 1 to 4096");
  finds(check(asks("", "<parametr name='a'/>")), "did you mean \"parameter\"");
  finds(check(asks("user='u'")), "belong together");
  const std::string open = "<listener id='http' connector='http' address='0.0.0.0:80'/>";
  finds(check(asks(""), true, open), "has no authentication");
  BOOST_TEST(check(asks("user='u' password='secret:pass'"), true, open) == "");
}

BOOST_AUTO_TEST_CASE(declared_parameters_become_a_document) {
  Asked asked;
  BOOST_TEST(asked.made("?code=AB-1&lang=ar") ==
             "<parameters><code>AB-1</code><lang>ar</lang></parameters>");
  BOOST_TEST(asked.made("?lang=&code=a%2Bb+c%26") ==
             "<parameters><code>a+b c&amp;</code><lang/></parameters>");
  BOOST_TEST(asked.made("?code=%D8%A5%D9%8A%D8%B5%D8%A7%D9%84%3C%3E&lang=ar") ==
             "<parameters><code>إيصال&lt;&gt;</code><lang>ar</lang></parameters>");
  const auto received = asked.stage.received();
  BOOST_TEST(received.back().endpoint == "ask");
  BOOST_TEST(received.back().sender == "partner");
  Asked named("namespace='urn:q'");
  BOOST_TEST(named.made("?code=1&lang=ar") ==
             "<parameters xmlns=\"urn:q\"><code>1</code><lang>ar</lang></parameters>");
}

BOOST_AUTO_TEST_CASE(whatever_else_is_asked_is_refused_and_audited) {
  Asked asked("per-second='100'");
  BOOST_TEST(asked.made("") == "400 missing-parameter");
  BOOST_TEST(asked.made("?code=1") == "400 missing-parameter");
  BOOST_TEST(asked.made("?code=1&lang=ar&code=1") == "400 doubled-parameter");
  BOOST_TEST(asked.made("?code=1&lang=ar&Code=1") == "400 unknown-parameter");
  BOOST_TEST(asked.made("?code=123456789&lang=ar") == "400 long-parameter");
  BOOST_TEST(asked.made("?code=%01&lang=ar") == "400 bad-parameter");
  BOOST_TEST(asked.made("?code=%FF&lang=ar") == "400 bad-parameter");
  BOOST_TEST(asked.made("?code=%C0%80&lang=ar") == "400 bad-parameter");
  BOOST_TEST(asked.made("?code=%EF%BF%BF&lang=ar") == "400 bad-parameter");
  BOOST_TEST(asked.made("?code=%0&lang=ar") == "400 bad-target");
  BOOST_TEST(asked.made("?code=%00&lang=ar") == "400 bad-target");
  BOOST_TEST(status_of(asked.request("POST /ask?code=1&lang=ar", "Content-Length: 0\r\n\r\n")) ==
             "405");
  BOOST_TEST(status_of(asked.request("GET /ask?code=1&lang=ar",
                                     "Content-Length: 1\r\n\r\nx")) == "413");
  BOOST_TEST(status_of(asked.request("GET /ask/?code=1&lang=ar")) == "404");
  BOOST_TEST(asked.stage.received().empty());
  BOOST_TEST(asked.stage.refused().size() == 14u);
  // Eight characters of Arabic are not too long, whatever their bytes.
  BOOST_TEST(asked.made("?lang=ar&code=%D8%A5%D9%8A%D8%B5%D8%A7%D9%84%D8%A5%D9%8A%D8%B5") ==
             "<parameters><code>إيصالإيص</code><lang>ar</lang></parameters>");
}

BOOST_AUTO_TEST_CASE(a_page_may_do_nothing_but_show_itself) {
  Asked asked("reply-type='text/html; charset=utf-8'");
  asked.stage.answering = [&](const Received&) {
    return IntakeAnswer{test::reply(
        asked.reader,
        "<h:html xmlns:h='http://www.w3.org/1999/xhtml'><h:style>p{a:b}</h:style><h:p/></h:html>")};
  };
  const std::string page = asked.get("?code=1&lang=ar");
  BOOST_TEST(status_of(page) == "200");
  BOOST_TEST(has(page, "Content-Type: text/html; charset=utf-8\r\n"));
  BOOST_TEST(has(page, "\r\n\r\n<!DOCTYPE html><html><style>p{a:b}</style><p></p></html>"));
  BOOST_TEST(has(page,
                 "Content-Security-Policy: default-src 'none'; base-uri 'none'; frame-ancestors "
                 "'none'; form-action 'self'; style-src 'sha256-" +
                     base64(sha256("p{a:b}")) + "'\r\n"),
             page);
  for (const std::string& answer : {page, asked.get("?code=1")}) {
    BOOST_TEST(has(answer, "X-Content-Type-Options: nosniff\r\n"), answer);
    BOOST_TEST(has(answer, "Cache-Control: no-store\r\n"), answer);
    BOOST_TEST(has(answer, "Referrer-Policy: no-referrer\r\n"), answer);
    BOOST_TEST(has(answer, "Content-Security-Policy: default-src 'none'"), answer);
  }
  asked.stage.answering = [&](const Received&) {
    return IntakeAnswer{test::reply(asked.reader, "<html/>")};
  };
  BOOST_TEST(asked.made("?code=1&lang=ar") ==
             "<parameters><code>1</code><lang>ar</lang></parameters>");
  BOOST_TEST(status_of(asked.get("?code=1&lang=ar")) == "500");
}

BOOST_AUTO_TEST_CASE(each_answer_of_intake_has_its_status) {
  Asked asked;
  const auto answers = [&](IntakeAnswer answer) {
    asked.stage.answering = [answer](const Received&) { return answer; };
    return asked.get("?code=1&lang=ar");
  };
  const std::string replied = asked.get("?code=1&lang=ar");
  BOOST_TEST(has(replied, "Content-Type: application/xml; charset=utf-8"));
  BOOST_TEST(has(replied, "<a:r xmlns:a=\"urn:a\">1</a:r>"));
  BOOST_TEST(status_of(answers({part(PartAnswer::Kind::refused, "no", "t")})) == "400");
  const std::string later = answers({part(PartAnswer::Kind::retry_later)});
  BOOST_TEST(status_of(later) == "503");
  BOOST_TEST(has(later, "Retry-After: 1\r\n"));
  asked.connector->pause("ask", true);
  BOOST_TEST(status_of(asked.get("?code=1&lang=ar")) == "503");
}

BOOST_AUTO_TEST_CASE(more_than_so_many_a_second_come_again) {
  Asked asked("per-second='4'");
  const auto answered = [&](int times) {
    int good = 0;
    for (int n = 0; n < times; ++n) {
      const std::string answer = asked.get("?code=1&lang=ar");
      good += status_of(answer) == "200" ? 1 : 0;
      if (status_of(answer) == "200") continue;
      BOOST_TEST(status_of(answer) == "429");
      BOOST_TEST(has(answer, "Retry-After: "));
    }
    return good;
  };
  BOOST_TEST(answered(6) == 4);
  asked.steady.advance(std::chrono::milliseconds(500));
  BOOST_TEST(answered(4) == 2);
  asked.steady.advance(std::chrono::milliseconds(249));
  BOOST_TEST(answered(1) == 0);
  asked.steady.advance(std::chrono::milliseconds(1));
  BOOST_TEST(answered(2) == 1);
  asked.steady.advance(std::chrono::hours(1));
  BOOST_TEST(answered(6) == 4);
  BOOST_TEST(asked.stage.refused().at(0) == "ask:too-many-requests");
}

BOOST_AUTO_TEST_SUITE_END()
