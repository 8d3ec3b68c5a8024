// W3C Trace Context, Level 1: which traceparents count, and what goes on.
#define BOOST_TEST_DYN_LINK
#include "core/connector/trace.h"

#include <boost/test/unit_test.hpp>

using namespace masar::connector;

namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736", kSpan = "00f067aa0ba902b7";
const std::string kParent = "00-" + kTrace + "-" + kSpan + "-01";

std::string parent_of(const Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (name == "traceparent") return value;
  }
  return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(connector_trace)

BOOST_AUTO_TEST_CASE(a_traceparent_is_what_the_recommendation_says) {
  BOOST_TEST(is_traceparent(kParent));
  BOOST_TEST(is_traceparent("00-" + kTrace + "-" + kSpan + "-ff"));
  // A later version may be longer, after a hyphen.
  BOOST_TEST(is_traceparent("cc-" + kTrace + "-" + kSpan + "-01"));
  BOOST_TEST(is_traceparent("cc-" + kTrace + "-" + kSpan + "-01-what-the-future-will-be-like"));
  for (const std::string& wrong : {
           std::string(), std::string("00-1"), "ff-" + kTrace + "-" + kSpan + "-01",
           "00-" + std::string(32, '0') + "-" + kSpan + "-01",
           "00-" + kTrace + "-" + std::string(16, '0') + "-01",
           "00-4BF92f3577b34da6a3ce929d0e0e4736-" + kSpan + "-01",
           "00-" + kTrace + "-" + kSpan + "-0G", "00-" + kTrace + "-" + kSpan + "-1",
           kParent + "-", kParent + "0", "cc-" + kTrace + "-" + kSpan + "-01.x",
           "0x-" + kTrace + "-" + kSpan + "-01", "00_" + kTrace + "-" + kSpan + "-01",
           "00-" + kTrace + "_" + kSpan + "-01", "00-" + kTrace + "-" + kSpan + "_01",
           " " + kParent, kParent + " "}) {
    BOOST_TEST(!is_traceparent(wrong), wrong);
  }
}

BOOST_AUTO_TEST_CASE(a_log_has_the_id_of_the_trace) {
  BOOST_TEST(trace_id({{"issue", "7"}, {"traceparent", kParent}, {"tracestate", "a=1"}}) == kTrace);
  BOOST_TEST(trace_id({{"tracestate", "a=1"}}) == "");
  BOOST_TEST(trace_id({{"traceparent", "00-1"}}) == "");
  BOOST_TEST(trace_id({{"traceparent", kParent}, {"traceparent", kParent}}) == "");
}

BOOST_AUTO_TEST_CASE(a_call_goes_on_with_the_trace_and_a_span_of_its_own) {
  Headers headers{{"issue", "7"}, {"traceparent", kParent}, {"tracestate", "a=1"}};
  begin_span(headers, "e-1");
  const std::string first = parent_of(headers);
  BOOST_TEST(is_traceparent(first));
  BOOST_TEST(first.substr(0, 36) == "00-" + kTrace + "-");
  BOOST_TEST(first.substr(36, 16) != kSpan);
  BOOST_TEST(first.ends_with("-01"));
  BOOST_TEST(headers.size() == 3u);
  Headers again{{"traceparent", kParent}}, other = again;
  begin_span(again, "e-1");
  begin_span(other, "e-2");
  BOOST_TEST(parent_of(again) == first);
  BOOST_TEST(parent_of(other) != first);
}

BOOST_AUTO_TEST_CASE(only_the_flag_that_is_known_goes_on) {
  Headers headers{{"traceparent", "cc-" + kTrace + "-" + kSpan + "-fe-more"}};
  begin_span(headers, "e");
  BOOST_TEST(parent_of(headers).starts_with("00-" + kTrace + "-"));
  BOOST_TEST(parent_of(headers).ends_with("-00"));
}

BOOST_AUTO_TEST_CASE(an_invalid_one_or_two_begin_a_new_trace_without_its_state) {
  const std::vector<Headers> all{{},
                                 {{"traceparent", "00-1"}, {"tracestate", "a=1"}},
                                 {{"tracestate", "a=1"}},
                                 {{"traceparent", kParent}, {"traceparent", kParent}}};
  for (Headers headers : all) {
    BOOST_TEST(trace_of(headers).empty());
    begin_span(headers, "e");
    BOOST_TEST(headers.size() == 1u);
    BOOST_TEST(is_traceparent(parent_of(headers)), parent_of(headers));
    BOOST_TEST(parent_of(headers).find(kTrace) == std::string::npos);
  }
  BOOST_TEST(parent_of(trace_or_new({}, "a")) == parent_of(trace_or_new({}, "a")));
  BOOST_TEST(parent_of(trace_or_new({}, "a")) != parent_of(trace_or_new({}, "b")));
}

BOOST_AUTO_TEST_CASE(the_binary_form_reads_as_text) {
  using namespace std::string_literals;
  const std::string trace = "\x4b\xf9\x2f\x35\x77\xb3\x4d\xa6\xa3\xce\x92\x9d\x0e\x0e\x47\x36"s;
  const std::string span = "\x00\xf0\x67\xaa\x0b\xa9\x02\xb7"s;
  const std::string good = "\0\0"s + trace + "\1"s + span + "\2\1"s;
  BOOST_TEST(traceparent_of_binary(good).value_or("") == kParent);
  for (const std::size_t at : {0u, 1u, 18u, 27u}) {
    std::string bad = good;
    bad[at] = 9;
    BOOST_TEST(!traceparent_of_binary(bad));
  }
  BOOST_TEST(!traceparent_of_binary(good + "\3"s));
  BOOST_TEST(!traceparent_of_binary(kParent));
}

BOOST_AUTO_TEST_SUITE_END()
