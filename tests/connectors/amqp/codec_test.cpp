#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "connectors/amqp/codec.h"
#include "connectors/amqp/primitive.h"
#include "core/base/error.h"

using namespace masar;
using namespace masar::amqp;
using namespace std::string_literals;

namespace {

const Instant kNow{std::chrono::hours(24)};

std::string section(char descriptor, const std::string& value) {
  return "\x00\x53"s + descriptor + value;
}
std::string data(const std::string& bytes) {
  return section(0x75, "\xa0"s + static_cast<char>(bytes.size()) + bytes);
}
std::string list(int count, const std::string& items) {
  return "\xc0"s + static_cast<char>(items.size() + 1) + static_cast<char>(count) + items;
}
std::string map(int count, const std::string& items) {
  return "\xc1"s + static_cast<char>(items.size() + 1) + static_cast<char>(count) + items;
}
std::string str(const std::string& text) { return "\xa1"s + static_cast<char>(text.size()) + text; }
std::string sym(const std::string& text) { return "\xa3"s + static_cast<char>(text.size()) + text; }
Decoded read(const std::string& bytes, const std::vector<std::string>& properties = {}) {
  return decode(bytes, properties, kNow);
}
std::string id_of(const std::string& value) {
  return read(section(0x73, list(1, value)) + data("x")).message_id;
}

/// The text of the refusal.
std::string refused(const std::string& bytes) {
  try {
    read(bytes);
  } catch (const Error& error) {
    BOOST_TEST(error.code() == "amqp:decode-error");
    BOOST_TEST((error.kind() == ErrorKind::rejected));
    return error.what();
  }
  return "it was read";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(amqp_codec)

BOOST_AUTO_TEST_CASE(what_is_encoded_is_decoded) {
  connector::Attempt attempt;
  attempt.effect_id = "e-1";
  attempt.body = "<a>" + std::string(70'000, 'x') + "</a>";
  attempt.headers = {{"correlation-id", "A-1"}, {"subject", "s"},  {"traceparent", "00-1"},
                     {"reply-to-group", "g"},   {":encoded", "0"}, {"issue", "i"}};
  attempt.not_after = Instant(std::chrono::hours(48));
  const Decoded decoded = read(encode(attempt), {"issue"});
  BOOST_TEST(decoded.message_id == "e-1");
  BOOST_TEST(decoded.body == attempt.body);
  BOOST_TEST((decoded.expires == attempt.not_after));
  std::string headers;
  for (const auto& [name, value] : decoded.headers) headers += name + "=" + value + ";";
  BOOST_TEST(headers ==
             "subject=s;correlation-id=A-1;content-type=application/xml;reply-to-group=g;"
             "traceparent=00-1;issue=i;");
}

BOOST_AUTO_TEST_CASE(a_content_type_of_the_attempt_wins_over_the_default) {
  connector::Attempt attempt;
  attempt.headers = {{"content-type", "text/xml"}};
  BOOST_TEST(read(encode(attempt)).headers.at(0).second == "text/xml");
}

BOOST_AUTO_TEST_CASE(a_delivery_that_is_not_the_first_is_known) {
  const auto with = [](const std::string& first_acquirer, const std::string& count) {
    // durable, priority, ttl, first-acquirer, delivery-count
    const std::string fields = "\x40\x40\x40"s + first_acquirer + count;
    return read(section(0x70, "\xc0"s + static_cast<char>(fields.size() + 1) + '\5' + fields) +
                data("x"));
  };
  BOOST_TEST(!read(data("x")).redelivered);
  BOOST_TEST(!with("\x40"s, "\x40"s).redelivered);
  BOOST_TEST(!with("\x41"s, "\x43"s).redelivered);
  BOOST_TEST(with("\x42"s, "\x43"s).redelivered);
  BOOST_TEST(with("\x56\x00"s, "\x40"s).redelivered);
  BOOST_TEST(with("\x41"s, "\x52\x03"s).redelivered);
  BOOST_TEST(with("\x41"s, "\x52\x03"s).delivery_count == 3u);
}

BOOST_AUTO_TEST_CASE(bodies_that_are_read) {
  BOOST_TEST(read(data("abc")).body == "abc");
  BOOST_TEST(read(data("ab") + data("") + data("c")).body == "abc");
  BOOST_TEST(read(data("")).body == "");
  BOOST_TEST(read(section(0x77, str("abc"))).body == "abc");
  BOOST_TEST(read(section(0x77,
                          "\xb1\x00\x00\x00\x03"
                          "abc"s))
                 .body == "abc");
  BOOST_TEST(read(section(0x77,
                          "\xa0\x03"
                          "abc"s))
                 .body == "abc");
  BOOST_TEST(read(section(0x70, "\x45"s) + section(0x71, map(0, "")) + section(0x72, map(0, "")) +
                  section(0x73, "\x45"s) + section(0x74, map(0, "")) + data("abc") +
                  section(0x78, map(0, "")))
                 .body == "abc");
  BOOST_TEST(read("\x00"s + sym("amqp:data:binary") + "\xa0\x01x").body == "x");
  BOOST_TEST(read("\x00\x80\x00\x00\x00\x00\x00\x00\x00\x75\xa0\x01x"s).body == "x");
}

BOOST_AUTO_TEST_CASE(bodies_that_are_refused) {
  BOOST_TEST(refused("") == "the message is empty");
  BOOST_TEST(refused("hello world") == "a section has no descriptor");
  BOOST_TEST(refused(section(0x73, "\x45"s)) == "the message has no body");
  BOOST_TEST(refused(section(0x76, "\x45"s)) ==
             "the body is an amqp-sequence; send a data section");
  BOOST_TEST(refused(section(0x77, "\x40"s)) ==
             "the body's amqp-value is neither string nor binary");
  BOOST_TEST(refused(section(0x77, map(0, ""))) ==
             "the body's amqp-value is neither string nor binary");
  BOOST_TEST(refused(section(0x75, str("x"))) == "a data section holds no binary");
  BOOST_TEST(refused(data("x") + section(0x77, str("y"))) == "the message has two bodies");
  BOOST_TEST(
      refused(section(0x77, str("y")) + section(0x77, str("y"))).starts_with("the sections"));
  BOOST_TEST(
      refused(data("x") + section(0x78, map(0, "")) + data("x")).starts_with("the sections"));
  BOOST_TEST(refused(section(0x74, map(0, "")) + section(0x73, "\x45"s) + data("x"))
                 .starts_with("the sections"));
  BOOST_TEST(refused(section(0x79, "\x45"s)) == "the message has an unknown section");
  BOOST_TEST(refused("\x00"s + sym("amqp:other") + "\x45") == "the message has an unknown section");
  BOOST_TEST(refused(section(0x77, "\x00\x53\x01\xa1\x01x"s)) ==
             "a section holds a described value");
}

BOOST_AUTO_TEST_CASE(every_cut_of_a_message_is_refused_or_read_never_more) {
  connector::Attempt attempt;
  attempt.effect_id = "e-1";
  attempt.body = "<a/>";
  attempt.headers = {{"traceparent", "00-1"}};
  const std::string whole = encode(attempt);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    BOOST_CHECK_THROW(read(whole.substr(0, length)), Error);
  }
  BOOST_TEST(read(whole).body == "<a/>");
}

BOOST_AUTO_TEST_CASE(every_flipped_byte_is_refused_or_read) {
  connector::Attempt attempt;
  attempt.effect_id = "e-1";
  attempt.body = "<a/>";
  attempt.headers = {{"traceparent", "00-1"}};
  const std::string whole = encode(attempt);
  std::size_t read_count = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(value);
      try {
        read(bytes);
        ++read_count;
      } catch (const Error& error) {
        BOOST_REQUIRE(error.code() == "amqp:decode-error");
      }
    }
  }
  BOOST_TEST(read_count > whole.size());  // at least each byte as it was
}

BOOST_AUTO_TEST_CASE(sizes_that_lie_are_refused) {
  BOOST_TEST(refused("\x00\x53\x75\xb0\xff\xff\xff\xff"
                     "x"s) == "the message ends inside a value");
  BOOST_TEST(refused("\x00\x53\x74\xd1\x00\x00\x00\x04\xff\xff\xff\xfe"s + data("x")) ==
             "the message ends inside a value");
  BOOST_TEST(refused("\x00\x53\x74\xd1\x00\x00\x00\x02\x00\x00"s + data("x")) ==
             "the message holds a list without its count");
  BOOST_TEST(refused(section(0x74, map(1, str("a"))) + data("x")) ==
             "the application properties are no map");
  BOOST_TEST(refused("\x00\x53\x73\x4f"s) == "the message holds a value of no AMQP type");
}

BOOST_AUTO_TEST_CASE(nesting_costs_neither_stack_nor_memory) {
  // A described value whose descriptor is described, and so on, a hundred thousand deep.
  std::string nested(100'000, '\x00');
  nested += std::string(100'001, '\x40');
  BOOST_TEST(refused(section(0x72, nested) + data("x")) == "a section holds a described value");
  // Lists in lists are stepped over by their size.
  std::string deep = "\x45"s;
  for (int i = 0; i < 10'000; ++i) {
    const auto size = static_cast<std::uint32_t>(deep.size() + 4);
    std::string outer = "\xd0"s;
    for (int shift = 24; shift >= 0; shift -= 8) outer += static_cast<char>(size >> shift & 0xff);
    deep.insert(0, outer + "\x00\x00\x00\x01"s);
  }
  std::string annotations = str("k") + deep;
  const auto size = static_cast<std::uint32_t>(annotations.size() + 4);
  std::string sized = "\xd1"s;
  for (int shift = 24; shift >= 0; shift -= 8) sized += static_cast<char>(size >> shift & 0xff);
  BOOST_TEST(read(section(0x72, sized + "\x00\x00\x00\x02"s + annotations) + data("x")).body ==
             "x");
}

BOOST_AUTO_TEST_CASE(identifiers_as_text) {
  BOOST_TEST(id_of(str("m-1")) == "m-1");
  BOOST_TEST(id_of("\x44"s) == "0");
  BOOST_TEST(id_of("\x53\x07"s) == "7");
  BOOST_TEST(id_of("\x80\xff\xff\xff\xff\xff\xff\xff\xff"s) == "18446744073709551615");
  BOOST_TEST(id_of("\xa0\x02\x01\xff"s) == "01ff");
  BOOST_TEST(id_of("\x98\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"s) ==
             "01020304-0506-0708-090a-0b0c0d0e0f10");
  BOOST_TEST(id_of("\x40"s) == "");
  BOOST_TEST(refused(section(0x73, list(1, "\x41"s)) + data("x")) ==
             "message-id is of a type that identifiers do not have");
  BOOST_TEST(refused(section(0x73, list(1, str("\xff"))) + data("x")) == "a property is not UTF-8");
  std::string longest = "\xb1\x00\x00\x04\x00"s + std::string(1024, 'i');
  const auto properties = [](const std::string& id) {
    const auto size = static_cast<std::uint32_t>(id.size() + 4);
    return section(0x73, "\xd0\x00\x00"s + static_cast<char>(size >> 8) +
                             static_cast<char>(size & 0xff) + "\x00\x00\x00\x01"s + id);
  };
  BOOST_TEST(read(properties(longest) + data("x")).message_id.size() == 1024u);
  longest = "\xb1\x00\x00\x04\x01"s + std::string(1025, 'i');
  BOOST_TEST(refused(properties(longest) + data("x")) == "message-id is too long");
}

BOOST_AUTO_TEST_CASE(only_listed_properties_become_headers_and_they_are_clean) {
  const std::string properties =
      map(14, str("Issue") + str("a\r\nb") + str("evil") + str("x") + str("n") + "\x55\xff"s +
                  str("tracestate") + "\xa0\x01t"s + str("flag") + "\x41"s + str("skip") +
                  map(0, "") + str("u") + "\x52\x05"s);
  std::string headers;
  for (const auto& [name, value] :
       read(section(0x74, properties) + data("x"), {"Issue", "n", "flag", "skip", "u"}).headers) {
    headers += name + "=" + value + ";";
  }
  BOOST_TEST(headers == "issue=a b;n=-1;tracestate=t;flag=true;u=5;");
  BOOST_TEST(refused(section(0x74, map(2, str("traceparent") + str("\xc0\x80"))) + data("x")) ==
             "a property is not UTF-8");
  BOOST_TEST(refused(section(0x74, map(2, "\x41"s + str("x"))) + data("x")) ==
             "an application property's name is no string");
}

BOOST_AUTO_TEST_CASE(headers_have_a_limit_together) {
  const auto long_property = [](std::size_t bytes) {
    std::string items = str("k") + "\xb1\x00\x00"s + static_cast<char>(bytes >> 8) +
                        static_cast<char>(bytes & 0xff) + std::string(bytes, 'v');
    const auto size = items.size() + 4;
    return section(0x74, "\xd1\x00\x00"s + static_cast<char>(size >> 8) +
                             static_cast<char>(size & 0xff) + "\x00\x00\x00\x02"s + items) +
           data("x");
  };
  BOOST_TEST(read(long_property(kHeaderBytesMax - 1), {"k"}).headers.at(0).second.size() ==
             kHeaderBytesMax - 1);
  BOOST_CHECK_THROW(read(long_property(kHeaderBytesMax), {"k"}), Error);
}

BOOST_AUTO_TEST_CASE(expiry_is_the_earlier_of_time_and_ttl) {
  const std::string ttl = section(0x70, list(3, "\x40\x40\x70\x00\x00\x03\xe8"s));  // 1000 ms
  BOOST_TEST((read(ttl + data("x")).expires == kNow + std::chrono::seconds(1)));
  const std::string time =
      section(0x73, list(9, std::string(8, '\x40') + "\x83\x00\x00\x00\x00\x00\x00\x03\xe8"s));
  BOOST_TEST((read(ttl + time + data("x")).expires == Instant(std::chrono::seconds(1))));
  BOOST_TEST(!read(data("x")).expires);
  const std::string never =
      section(0x73, list(9, std::string(8, '\x40') + "\x83\x7f\xff\xff\xff\xff\xff\xff\xff"s));
  BOOST_TEST(!read(never + data("x")).expires);
}

BOOST_AUTO_TEST_CASE(a_binary_traceparent_is_read_as_text_and_other_bytes_are_left_out) {
  const auto read = [](const std::string& bytes) {
    std::string headers;
    for (const auto& [name, value] :
         decode(section(0x74, map(2, str("traceparent") + "\xa0"s +
                                         static_cast<char>(bytes.size()) + bytes)) + data("x"),
                {}, Instant{})
             .headers)
      headers += name + "=" + value + ";";
    return headers;
  };
  const std::string text = "00-" + std::string(32, 'a') + "-" + std::string(16, 'b') + "-01";
  BOOST_TEST(read(text) == "traceparent=" + text + ";");
  BOOST_TEST(read("\0\0"s + std::string(16, '\xaa') + "\1"s + std::string(8, '\xbb') + "\2\1"s) ==
             "traceparent=" + text + ";");
  BOOST_TEST(read("\xff\xfe") == "");
}

BOOST_AUTO_TEST_SUITE_END()
