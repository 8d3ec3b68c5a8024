// The sample connector of connectors/README.md does what the README says of it.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "core/base/manual.h"
#include "tests/connectors/folder/folder.h"
#include "tests/connectors/http/raw.h"
#include "tests/connectors/http/stage.h"

using namespace masar;
using connector::IntakeAnswer;
using connector::PartAnswer;
namespace fs = std::filesystem;

namespace {

/// A folder of its own for each test, and the connector over it on one thread.
struct Desk {
  Desk() : executor(clock), path(fs::temp_directory_path() / ("folder-" + unique())) {
    fs::create_directories(path);
    auto context = stage.context();
    made = folder::make_folder({context.business, context.steady, executor, stage,
                                context.prefixes, "UTC", context.log});
  }
  ~Desk() { fs::remove_all(path); }
  static std::string unique() {
    static int count = 0;
    return std::to_string(getpid()) + "-" + std::to_string(++count);
  }
  std::string element() const { return "<folder path='" + path.string() + "' every='PT1S'/>"; }
  void put(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  void look() { executor.advance(std::chrono::seconds(1)); }

  test::Stage stage;
  ManualSteadyClock clock;
  ManualExecutor executor;
  fs::path path;
  std::unique_ptr<connector::Connector> made;
};

using Names = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(folder_connector)

BOOST_AUTO_TEST_CASE(bad_configuration_is_found) {
  Desk desk;
  const auto check = [&](const std::string& inner) {
    config::Diagnostics diagnostics;
    const test::Endpoint endpoint("e", true, inner);
    desk.made->check(endpoint.spec, diagnostics);
    return diagnostics.text();
  };
  BOOST_TEST(check(desk.element()) == "");
  BOOST_TEST(test::has(check(""), "needs <folder>"));
  BOOST_TEST(test::has(check("<folder/>"), "needs the attribute \"path\""));
  BOOST_TEST(test::has(check("<folder path='/nowhere/at/all'/>"), "there is no folder"));
  BOOST_TEST(test::has(check("<folder pth='/'/>"), "did you mean \"path\""));
}

BOOST_AUTO_TEST_CASE(a_file_is_a_message_and_its_answer_a_name) {
  Desk desk;
  const test::Endpoint endpoint("in", true, desk.element());
  desk.made->add_inbound(endpoint.spec, desk.stage);
  desk.stage.answering = [](const connector::Received& received) {
    const bool good = received.body == "<a/>";
    return IntakeAnswer{test::part(good ? PartAnswer::Kind::accepted : PartAnswer::Kind::refused)};
  };
  desk.put("one.xml", "<a/>");
  desk.put("two.xml", "<b/>");
  desk.put("notes.txt", "no message");
  desk.made->start();
  BOOST_TEST(desk.files() == (Names{"notes.txt", "one.taken", "two.refused"}),
             boost::test_tools::per_element());
  BOOST_TEST(desk.stage.received().size() == 2u);
  BOOST_TEST(desk.stage.received()[0].sender == "partner");
  desk.put("three.xml", "<a/>");
  desk.look();
  BOOST_TEST(desk.stage.received().back().message_id == "three");
  desk.made->stop();
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_yet_stays_and_is_taken_once) {
  Desk desk;
  const test::Endpoint endpoint("in", true, desk.element());
  desk.made->add_inbound(endpoint.spec, desk.stage);
  desk.put("one.xml", "<a/>");
  desk.made->start();  // nobody answers
  desk.look();
  BOOST_TEST(desk.files() == Names{"one.xml"}, boost::test_tools::per_element());
  BOOST_TEST(desk.stage.received().size() == 1u);
  desk.made->stop();
}

BOOST_AUTO_TEST_CASE(later_is_taken_again_and_a_pause_takes_nothing) {
  Desk desk;
  const test::Endpoint endpoint("in", true, desk.element());
  desk.made->add_inbound(endpoint.spec, desk.stage);
  desk.stage.answering = [](const connector::Received&) {
    return IntakeAnswer{test::part(PartAnswer::Kind::retry_later)};
  };
  desk.put("one.xml", "<a/>");
  desk.made->start();
  desk.look();
  BOOST_TEST(desk.stage.received().size() == 2u);
  desk.made->pause("in", true);
  desk.look();
  BOOST_TEST(desk.stage.received().size() == 2u);
  BOOST_TEST(desk.files() == Names{"one.xml"}, boost::test_tools::per_element());
  desk.made->stop();
}

BOOST_AUTO_TEST_CASE(an_effect_is_a_file_under_its_id) {
  Desk desk;
  const test::Endpoint endpoint("out", false, desk.element());
  const auto outbound = desk.made->add_outbound(endpoint.spec, desk.stage);
  std::optional<connector::Outcome> outcome;
  connector::Attempt attempt;
  attempt.effect_id = "e1";
  attempt.body = "<a/>";
  outbound->send(attempt, [&](connector::Outcome given) { outcome = std::move(given); });
  BOOST_TEST(!outcome.has_value());  // never from inside send()
  desk.executor.run_all();
  BOOST_TEST_REQUIRE(outcome.has_value());
  BOOST_CHECK(outcome->kind == connector::OutcomeKind::delivered);
  BOOST_TEST(desk.files() == Names{"e1.xml"}, boost::test_tools::per_element());
  fs::remove_all(desk.path);
  outbound->send(attempt, [&](connector::Outcome given) { outcome = std::move(given); });
  desk.executor.run_all();
  BOOST_CHECK(outcome->kind == connector::OutcomeKind::unavailable);
}

BOOST_AUTO_TEST_SUITE_END()
