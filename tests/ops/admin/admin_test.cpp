// The operators' interface over real HTTP, in front of a hub on the test's thread.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "ops/admin/json.h"
#include "ops/admin/letters.h"
#include "tests/ops/admin/office.h"

using namespace masar;
using namespace masar::testing;

BOOST_AUTO_TEST_SUITE(admin_interface)

BOOST_AUTO_TEST_CASE(every_page_but_three_asks_for_the_token) {
  Office office;
  for (const char* open : {"/live", "/ready", "/clock"}) {
    BOOST_TEST(office.ask("GET", open, "", "localhost", "").status == 200);
  }
  for (const char* closed : {"/metrics", "/api/cases", "/api/cases/A", "/api/tasks", "/api/routes",
                             "/api/endpoints", "/api/dead-letters", "/api/migration",
                             "/api/messages"}) {
    for (const char* token : {"", "wrong", "a-token-of-the-tesu"}) {
      const auto refused = office.ask("GET", closed, "", "localhost", token);
      BOOST_TEST(refused.status == 401, closed);
      BOOST_TEST(test::has(refused.head, "WWW-Authenticate: Bearer"));
      BOOST_TEST(code_of(refused) == "no-token");
    }
  }
  for (const char* act : {"/api/tasks/x/answer", "/api/endpoints/sms/pause",
                          "/api/routes/sms/pause", "/api/dead-letters/1/retry", "/api/clock",
                          "/api/calendar/plan", "/api/cases/A/migrate"}) {
    BOOST_TEST(office.ask("POST", act, "{}", "localhost", "").status == 401, act);
  }
  BOOST_TEST(!office.stage.hub().pauses().endpoint("sms"));
}

BOOST_AUTO_TEST_CASE(a_foreign_host_is_refused_on_every_page) {
  Office office;
  for (const char* host : {"evil.example", "evil.example:80", "localhost.evil.example"}) {
    for (const char* page : {"/live", "/clock", "/api/cases"}) {
      const auto refused = office.ask("GET", page, "", host);
      BOOST_TEST(refused.status == 421, host);
      BOOST_TEST(code_of(refused) == "foreign-host");
    }
    BOOST_TEST(office.ask("POST", "/api/endpoints/sms/pause", "", host).status == 421);
  }
  BOOST_TEST(!office.stage.hub().pauses().endpoint("sms"));
  for (const std::string& host : {std::string("localhost:1"), office.admin.address()}) {
    BOOST_TEST(office.ask("GET", "/api/cases", "", host).status == 200, host);
  }
}

BOOST_AUTO_TEST_CASE(get_changes_nothing) {
  Office office(with_orders());
  to_paying(office.stage, "A");
  office.stage.say("shop-in", note("A", "break"), "n");
  const auto before = office.stage.store().counts();
  const auto timeline = office.stage.timeline("A").size() + office.stage.timeline("").size();
  const auto task = office.stage.tasks("A").at(0).id;
  for (const std::string& page : std::vector<std::string>{
           "/live", "/ready", "/clock", "/metrics", "/api/cases", "/api/cases/A", "/api/tasks",
           "/api/routes", "/api/endpoints", "/api/dead-letters", "/api/migration", kOrders}) {
    BOOST_TEST(office.get(page).status == 200, page);
  }
  for (const std::string& act :
       {"/api/tasks/" + task + "/answer", std::string("/api/endpoints/sms/pause"),
        std::string("/api/routes/sms/pause"), std::string("/api/dead-letters/1/retry"),
        std::string("/api/clock")}) {
    const auto refused = office.get(act);
    BOOST_TEST(refused.status == 405, act);
    BOOST_TEST(test::has(refused.head, "Allow: POST"));
  }
  BOOST_TEST(office.ask("DELETE", "/api/cases/A").status == 405);
  auto after = office.stage.store().counts();
  after["wal_bytes"] = before.at("wal_bytes");
  BOOST_TEST((after == before));
  BOOST_TEST(office.stage.timeline("A").size() + office.stage.timeline("").size() == timeline);
}

BOOST_AUTO_TEST_CASE(errors_are_problems) {
  Office office;
  for (const auto& [target, status] : std::vector<std::pair<std::string, int>>{
           {"/api/cases/none", 404}, {"/api/tasks?state=odd", 422}, {"/api/nothing", 404}}) {
    const auto answer = office.get(target);
    BOOST_TEST(answer.status == status, target);
    BOOST_TEST(test::has(answer.head, "Content-Type: application/problem+json"));
    BOOST_TEST(answer.object().at("status").as_int64() == status);
    BOOST_TEST(answer.object().contains("title"));
    BOOST_TEST(answer.object().contains("detail"));
  }
}

BOOST_AUTO_TEST_CASE(ready_says_why_not) {
  Office office;
  BOOST_TEST(office.get("/ready").status == 200);
  office.stage.hub().stop();
  const auto answer = office.get("/ready");
  BOOST_TEST(answer.status == 503);
  BOOST_TEST(test::has(answer.head, "Retry-After:"));
  BOOST_TEST(answer.object().at("detail").as_string() == "draining");
  BOOST_TEST(office.get("/live").status == 200);
}

BOOST_AUTO_TEST_CASE(the_clock_is_the_business_clock) {
  Office office;
  const auto now = office.get("/clock").object();
  BOOST_TEST(now.at("now").as_string() == "2026-01-04T05:00:00Z");
  BOOST_TEST(now.at("local").as_string() == "2026-01-04T08:00:00");
  BOOST_TEST(now.at("zone").as_string() == "Asia/Amman");
}

BOOST_AUTO_TEST_CASE(cases_are_found_by_key_and_by_what_people_know) {
  Office office;
  open_with_phone(office.stage, "A");
  office.stage.delivered("supplier", quote());
  office.stage.say("shop-in", order("B"), "b");
  const auto bill = office.stage.data("A", "bill");
  for (const std::string& known :
       std::vector<std::string>{"A", "20-12345", kPhone, "%2B962791234567", bill}) {
    const auto found = office.get("/api/cases?search=" + known).object().at("cases").as_array();
    BOOST_REQUIRE_MESSAGE(found.size() == 1u, known);
    BOOST_TEST(found[0].at("key").as_string() == "A");
    BOOST_TEST(found[0].at("waiting_for").as_string() == "citizen");
  }
  BOOST_TEST(office.get("/api/cases").object().at("cases").as_array().size() == 2u);
  BOOST_TEST(office.get("/api/cases?state=asking").object().at("cases").as_array().size() == 1u);
  BOOST_TEST(office.get("/api/cases?limit=1&after=A")
                 .object()
                 .at("cases")
                 .as_array()[0]
                 .at("key")
                 .as_string() == "B");
}

BOOST_AUTO_TEST_CASE(a_case_shows_its_data_masked_and_its_timeline) {
  Office office;
  open_with_phone(office.stage, "A");
  office.stage.delivered("supplier", quote("12.5"));
  const auto answer = office.get("/api/cases/A");
  const auto it = answer.object();
  const auto& data = it.at("data").as_object();
  BOOST_TEST(data.at("phone").as_string() == "********67");
  BOOST_TEST(data.at("plate").as_string() == "******45");
  BOOST_TEST(data.at("amount").as_string() == "12.500");
  BOOST_TEST(it.at("state").as_string() == "paying");
  BOOST_TEST(it.at("deadlines").as_array().size() == 2u);
  BOOST_TEST(it.at("effects").as_array().size() == 3u);
  BOOST_TEST(it.at("timeline").as_array().size() > 5u);
  // Nothing personal anywhere: not in the case, in metrics, dead letters or tasks.
  office.stage.say("shop-in", note("A", "break"), "n");
  for (const char* page :
       {"/api/cases/A", "/api/cases", "/metrics", "/api/dead-letters", "/api/tasks"}) {
    const auto body = office.get(page).body;
    BOOST_TEST(!test::has(body, "791234567"), page);
    BOOST_TEST(!test::has(body, "20-12345"), page);
  }
  BOOST_TEST(test::has(answer.head, "Content-Type: application/json"));
}

BOOST_AUTO_TEST_CASE(a_joined_case_is_found_by_its_other_key) {
  Office office;
  office.stage.hand_in("shop-in", order("A", "P"), "a");
  office.stage.hand_in("shop-in", order("B", "P"), "b");
  office.stage.run();
  const std::string other = office.stage.state("A").empty() ? "A" : "B";
  BOOST_TEST(office.get("/api/cases/" + other).object().at("key").as_string() != other);
}

BOOST_AUTO_TEST_CASE(tasks_say_their_answers_and_take_one) {
  Office office;
  const auto bill = to_paying(office.stage, "A");
  office.stage.say("pay-in", payments("E", {payment(bill, "T", "4")}));
  const auto open = office.get("/api/tasks").object().at("tasks").as_array();
  BOOST_REQUIRE(open.size() == 1u);
  const std::string id(open[0].at("id").as_string());
  const auto& answers = open[0].at("answers").as_array();
  BOOST_REQUIRE(answers.size() == 1u);
  BOOST_TEST(answers[0].at("answer").as_string() == "settled");
  BOOST_TEST(answers[0].at("fields").as_array()[0].at("name").as_string() == "reference");
  const std::string target = "/api/tasks/" + id + "/answer";
  BOOST_TEST(office.post(target, "not json").status == 422);
  BOOST_TEST(office.post(target, "{}").status == 422);
  BOOST_TEST(office.post(target, R"({"answer":"settled","fields":{"reference":7}})").status == 422);
  BOOST_TEST(office.post(target, R"({"answer":"other"})").status == 422);
  BOOST_TEST(office.post("/api/tasks/none/answer", R"({"answer":"settled"})").status == 404);
  BOOST_TEST(office.post(target, R"({"answer":"settled","fields":{"reference":"R"},"version":1})")
                 .status == 409);
  const auto version = std::to_string(office.stage.row("A").event_number);
  const std::string good =
      R"({"answer":"settled","fields":{"reference":"R"},"version":)" + version + "}";
  BOOST_TEST(office.post(target, good).status == 200);
  BOOST_TEST(office.stage.data("A", "notes") == "settled R;");
  BOOST_TEST(office.post(target, good).status == 409);
  BOOST_TEST(office.get("/api/tasks").object().at("tasks").as_array().empty());
  BOOST_TEST(
      office.get("/api/tasks?state=answered&case=A").object().at("tasks").as_array().size() == 1u);
}

BOOST_AUTO_TEST_CASE(endpoints_and_routes_are_paused_and_resumed) {
  Office office;
  office.stage.say("shop-in", order("A"), "a");
  office.stage.delivered("supplier", quote());
  const auto paused = office.post("/api/endpoints/shop-out/pause");
  BOOST_TEST(paused.status == 200);
  BOOST_TEST(paused.object().at("due_in_24h").as_int64() == 0);
  office.stage.set_clock(*parse_instant("2026-01-05T06:00:00Z"));
  BOOST_TEST(office.post("/api/endpoints/shop-in/pause").object().at("due_in_24h").as_int64() == 1);
  BOOST_TEST(!office.stage.accepting("shop-in"));
  for (const auto& row : rows(office, "endpoints")) {
    const auto id = row.at("id").as_string();
    BOOST_TEST(row.at("paused").as_bool() == (id == "shop-out" || id == "shop-in"));
    if (id == "shop-out") BOOST_TEST(!row.at("drained").as_bool());  // its message is under way
  }
  office.stage.delivered("shop-out");
  for (const auto& row : rows(office, "endpoints")) {
    if (row.at("id").as_string() == "shop-out") BOOST_TEST(row.at("drained").as_bool());
  }
  BOOST_TEST(office.post("/api/endpoints/shop-in/resume").status == 200);
  BOOST_TEST(office.stage.accepting("shop-in"));
  BOOST_TEST(office.post("/api/endpoints/none/pause").status == 404);
  BOOST_TEST(office.post("/api/endpoints/sms/stop").status == 404);
  BOOST_TEST(office.post("/api/routes/note/pause").status == 200);
  for (const auto& row : rows(office, "routes")) {
    BOOST_TEST(row.at("paused").as_bool() == (row.at("id").as_string() == "note"));
  }
  for (const auto& row : rows(office, "routes")) {
    const bool note = row.at("id").as_string() == "note";
    BOOST_TEST(row.at("paused").as_bool() == note);
    BOOST_TEST(row.at("drained").as_bool() == note);
  }
  BOOST_TEST(office.post("/api/routes/note/resume").status == 200);
  BOOST_TEST(office.post("/api/routes/none/pause").status == 404);
  BOOST_TEST(office.stage.timeline("").size() == 5u);  // every act is written down
}

BOOST_AUTO_TEST_CASE(dead_letters_are_listed_and_retried) {
  Office office;
  office.stage.say("shop-in", "<Keep><no>A</no></Keep>", "k");
  const auto letters = office.get("/api/dead-letters").object().at("dead_letters").as_array();
  BOOST_REQUIRE(letters.size() == 1u);
  BOOST_TEST(letters[0].at("code").as_string() == "no-such-case");
  const std::string target =
      "/api/dead-letters/" + std::to_string(letters[0].at("id").as_int64()) + "/retry";
  BOOST_TEST(office.post(target).status == 409);
  office.stage.say("shop-in", order("A"), "a");
  BOOST_TEST(office.post(target).status == 200);
  BOOST_TEST(office.stage.data("A", "notes") == "kept;");
  BOOST_TEST(office.post(target).status == 409);
  BOOST_TEST(office.post("/api/dead-letters/99/retry").status == 404);
  BOOST_TEST(office.get("/api/dead-letters").object().at("dead_letters").as_array().empty());
  BOOST_TEST(
      office.get("/api/dead-letters?state=any").object().at("dead_letters").as_array().size() ==
      1u);
}

BOOST_AUTO_TEST_CASE(a_dead_letter_is_shown_masked_with_its_cause) {
  Office office;
  open_with_phone(office.stage, "A");
  office.stage.say("shop-in", note("A", "break"), "n");
  const auto id = rows(office, "dead-letters", "dead_letters").at(0).at("id").as_int64();
  const auto answer = office.get("/api/dead-letters/" + std::to_string(id));
  BOOST_REQUIRE(answer.status == 200);
  const auto letter = answer.object();
  BOOST_TEST(letter.at("step").as_string() == "event note");
  BOOST_TEST(letter.at("code").as_string() == "invariant-broken");
  BOOST_TEST(letter.at("case").as_string() == "A");
  BOOST_TEST(letter.at("snapshot").as_string() == office.stage.hub().snapshot().hash);
  BOOST_TEST(letter.at("fingerprint").as_string().size() == 16u);
  BOOST_TEST(letter.at("original").at("bytes").as_int64() ==
             static_cast<std::int64_t>(note("A", "break").size()));
  BOOST_TEST(letter.at("original").at("masked").as_string() ==
             "<Note><no>*</no><text>***ak</text></Note>");
  BOOST_TEST(letter.at("at_step").at("masked").as_string() == "<event><text>***ak</text></event>");
  BOOST_TEST(letter.at("task").as_string() == office.stage.tasks("A").at(0).id);
  BOOST_TEST(office.get("/api/dead-letters/99").status == 404);
  BOOST_TEST(office.get("/api/dead-letters/x").status == 404);
}

BOOST_AUTO_TEST_CASE(an_answer_that_could_not_be_used_is_shown_by_its_shape) {
  Office office;
  office.stage.say("shop-in", order("A"), "a");
  BOOST_TEST(
      office.get("/api/cases/A").object().at("effects").at(0).at("unusable_reply").is_null());
  office.stage.delivered("supplier", "<html>call 0791234567</html>");
  const auto effect = office.get("/api/cases/A").object().at("effects").at(0);
  BOOST_TEST(effect.at("unusable_reply").at("bytes").as_int64() == 28);
  BOOST_TEST(effect.at("unusable_reply").at("masked").as_string() ==
             "<html>*************67</html>");
}

BOOST_AUTO_TEST_CASE(an_effect_that_is_asked_about_says_so_and_its_question_stands_beside_it) {
  Office office(inquiry_config());
  office.stage.say("shop-in", order("A"), "a");
  office.stage.fails("supplier", connector::OutcomeKind::unknown, "timeout");
  const auto of_case = office.get("/api/cases/A").object();
  const auto& effects = of_case.at("effects").as_array();
  BOOST_REQUIRE(effects.size() == 2u);
  BOOST_TEST(effects[0].at("state").as_string() == "inquiring");
  BOOST_TEST(effects[0].at("code").as_string() == "timeout");
  BOOST_TEST(effects[1].at("effect").as_string() == "inquiry");
  BOOST_TEST(effects[1].at("endpoint").as_string() == "desk");
  BOOST_TEST(effects[1].at("state").as_string() == "sending");
  BOOST_TEST(effects[1].at("id").as_string() ==
             std::string(effects[0].at("id").as_string()) + ".1");
  office.stage.act([](auto& act, auto done) { act.pause_endpoint("supplier", true, done); });
  const auto supplier = [&] {
    for (const auto& row : rows(office, "endpoints")) {
      if (row.at("id").as_string() == "supplier") return row.as_object();
    }
    return json::object{};
  };
  BOOST_TEST(supplier().at("inquiring").as_int64() == 1);
  BOOST_TEST(!supplier().at("drained").as_bool());
  office.stage.delivered("desk", given("5"));
  BOOST_TEST(supplier().at("drained").as_bool());
  const auto later = office.get("/api/cases/A").object();
  BOOST_TEST(later.at("effects").at(0).at("state").as_string() == "delivered");
  std::string verdict;
  for (const auto& step : later.at("timeline").as_array()) {
    if (step.at("kind").as_string() == "inquiry") verdict = step.at("text").as_string();
  }
  BOOST_TEST(verdict == "done");
  for (const auto& route : rows(office, "routes")) {
    if (route.at("id").as_string() == "quote-given")
      BOOST_TEST(route.at("mode").as_string() == "inquiry");
  }
}

BOOST_AUTO_TEST_CASE(a_dead_letter_is_discarded_with_a_reason) {
  Office office;
  office.stage.say("shop-in", order("A"), "a");
  office.stage.say("shop-in", note("A", "break"), "n1");
  office.stage.say("shop-in", note("A", "break"), "n2");
  const auto causes = office.get("/api/dead-letters?group=cause").object().at("causes").as_array();
  BOOST_REQUIRE(causes.size() == 1u);
  BOOST_TEST(causes[0].at("count").as_int64() == 2);
  BOOST_TEST(causes[0].at("code").as_string() == "invariant-broken");
  const auto letters = rows(office, "dead-letters", "dead_letters");
  const std::string target = "/api/dead-letters/" + std::to_string(letters[0].at("id").as_int64());
  for (const char* body : {"", "{}", "{\"reason\": 1}", "{\"reason\": \" \"}"}) {
    const auto refused = office.post(target + "/discard", body);
    BOOST_TEST(refused.status == 422, body);
    BOOST_TEST(code_of(refused) == "no-reason");
  }
  BOOST_TEST(office.post(target + "/forget", "{\"reason\": \"x\"}").status == 404);
  BOOST_TEST(office.post(target + "/discard", "{\"reason\": \"a test\"}").status == 200);
  BOOST_TEST(office.post(target + "/discard", "{\"reason\": \"a test\"}").status == 409);
  BOOST_TEST(office.get(target).object().at("state").as_string() == "discarded");
  BOOST_TEST(rows(office, "dead-letters", "dead_letters").size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_task_of_a_dead_letter_offers_retry_and_discard) {
  Office office;
  office.stage.say("shop-in", order("A"), "a");
  office.stage.say("shop-in", note("A", "break"), "n");
  const auto task = rows(office, "tasks").at(0);
  const auto letter = rows(office, "dead-letters", "dead_letters").at(0);
  BOOST_TEST(task.at("dead_letter").as_int64() == letter.at("id").as_int64());
  const auto answers = task.at("answers").as_array();
  BOOST_REQUIRE(answers.size() == 2u);
  BOOST_TEST(answers[0].at("answer").as_string() == "retry");
  BOOST_TEST(answers[1].at("answer").as_string() == "discard");
  BOOST_TEST(answers[1].at("fields").as_array().at(0).at("name").as_string() == "reason");
  const std::string target = "/api/tasks/" + std::string(task.at("id").as_string()) + "/answer";
  BOOST_TEST(office.post(target, R"({"answer": "discard"})").status == 422);
  BOOST_TEST(office.post(target, R"({"answer": "discard", "fields": {"reason": "x"}})").status ==
             200);
  BOOST_TEST(rows(office, "dead-letters", "dead_letters").empty());
}

BOOST_AUTO_TEST_CASE(documents_are_masked_whatever_they_are) {
  using admin::masked_document;
  BOOST_TEST(masked_document("<a b='0791234567' c=\"x\"> 12345 <d/>\n</a>") ==
             "<a b='********67' c=\"*\"> ***45 <d/>\n</a>");
  for (const char* odd : {"<a><![CDATA[0791234567]]></a>", "<a><!-- 0791234567 --></a>",
                          "1 < 0791234567", "<?p 0791234567?>", "<0791234567>"}) {
    BOOST_TEST(!test::has(masked_document(odd), "0791"), odd);
  }
  BOOST_TEST(masked_document("no markup 0791234567") == "******************67");
  BOOST_TEST(masked_document("<a b='0791") == "<a b='**91");
  BOOST_TEST(masked_document("\xFF<a>") == "");
  BOOST_TEST(masked_document("") == "");
  const std::string arabic = "<اسم>محمد</اسم>";
  BOOST_TEST(masked_document(arabic) == "<اسم>**مد</اسم>");
  std::string much = "<a>";
  for (int n = 0; n < 9000; ++n) much += "ت";
  BOOST_TEST(masked_document(much).size() <= (16u << 10));
}

BOOST_AUTO_TEST_CASE(cases_go_over_to_the_configuration_of_the_hub) {
  Office office;
  to_paying(office.stage, "A");
  office.stage.say("shop-in", order("B"), "open-B");
  office.stage.say("shop-in", withdraw("B"), "w-B");
  BOOST_TEST(rows(office, "migration", "cases").empty());
  BOOST_TEST(rows(office, "migration?key=A", "cases").empty());
  BOOST_TEST(office.get("/api/migration?key=B").status == 409);
  BOOST_TEST(office.get("/api/migration?key=nobody").status == 404);
  const auto moved = office.post("/api/cases/A/migrate", "{}");  // it is there already
  BOOST_TEST(moved.status == 200);
  BOOST_TEST(moved.object().at("snapshot").as_string() == office.stage.row("A").snapshot);
  BOOST_TEST(code_of(office.post("/api/cases/B/migrate", "{}")) == "case-over");
  BOOST_TEST(office.post("/api/cases/nobody/migrate", "{}").status == 404);
  BOOST_TEST(office.post("/api/cases/A/other", "{}").status == 404);
}

BOOST_AUTO_TEST_CASE(what_a_calendar_would_move_is_said_and_not_done) {
  Office office;
  to_paying(office.stage, "A");
  office.stage.say("shop-in", note("A", "fast"), "n");
  office.stage.fails("sms", connector::OutcomeKind::unknown, "no-answer");  // task lost: P1WD
  const auto plan = [&](const std::string& holidays, const std::string& more = {}) {
    const std::string calendar =
        "<calendar id='c' zone='Asia/Amman' weekend='friday saturday'>" + holidays + "</calendar>";
    return office.post("/api/calendar/plan", "{\"calendar\": \"" + calendar + "\"" + more + "}");
  };
  const std::string monday = "<holiday date='2026-01-05'/>";
  const auto before = office.stage.store().counts();
  BOOST_TEST(plan("").object().at("moves").as_array().empty());
  const auto planned = plan(monday).object();
  BOOST_TEST(planned.at("after").is_null());
  BOOST_REQUIRE(planned.at("moves").as_array().size() == 1u);
  BOOST_TEST(json::serialize(planned.at("moves").at(0)) ==
             R"({"case":"A","kind":"task","name":"lost","due":"2026-01-05T05:00:00Z",)"
             R"("moves_to":"2026-01-06T05:00:00Z","at_once":false})");
  BOOST_TEST(plan(monday, R"(, "after": {"case": "A", "kind": 3, "name": "", "serial": 0})")
                 .object()
                 .at("moves")
                 .as_array()
                 .empty());
  BOOST_TEST((office.stage.store().counts() == before));
  for (const auto& bad : {office.post("/api/calendar/plan", "{}"), plan("<holiday date='x'/>"),
                          office.post("/api/calendar/plan", "no JSON")}) {
    BOOST_TEST(bad.status == 422);
    BOOST_TEST(code_of(bad) == "bad-calendar");
  }
}

BOOST_AUTO_TEST_CASE(the_stepped_clock_says_what_holds_it) {
  Office office;
  office.stage.say("shop-in", order("A"), "a");
  const auto busy = office.post("/api/clock");
  BOOST_TEST(busy.status == 409);
  BOOST_TEST(code_of(busy) == "in-flight");
  office.stage.delivered("supplier", quote());
  office.stage.delivered("sms");
  office.stage.delivered("shop-out");
  BOOST_TEST(office.post("/api/clock?probe=true").object().at("now").as_string() ==
             "2026-01-04T05:00:00Z");
  BOOST_TEST(office.post("/api/clock").object().at("now").as_string() == "2026-01-06T05:00:00Z");
}

BOOST_AUTO_TEST_CASE(metrics_count_what_happened) {
  Office office;
  office.stage.say("shop-in", order("A"), "a");
  const auto body = office.get("/metrics").body;
  BOOST_TEST(
      test::has(body, R"(masar_messages_received_total{endpoint="shop-in",result="accepted"} 1)"));
  BOOST_TEST(test::has(body, "masar_cases_open 1"));
  BOOST_TEST(test::has(body, "masar_outbox_sending 1"));
}

BOOST_AUTO_TEST_CASE(an_endpoint_says_whether_its_bound_is_what_its_effects_wait_for) {
  Office office;
  for (const char* no : {"A", "B", "C"}) office.stage.say("shop-in", order(no), no);
  const auto body = office.get("/metrics").body;
  BOOST_TEST(test::has(body, R"(masar_endpoint_waiting{endpoint="supplier"} 3)"));
  BOOST_TEST(test::has(body, R"(masar_endpoint_under_way{endpoint="supplier"} 2)"));
  BOOST_TEST(test::has(body, R"(masar_endpoint_concurrency{endpoint="supplier"} 2)"));
  BOOST_TEST(test::has(body, R"(masar_endpoint_under_way{endpoint="sms"} 0)"));
  for (const auto& row : rows(office, "endpoints")) {
    if (row.at("id").as_string() != "supplier") continue;
    BOOST_TEST(row.at("under_way").as_int64() == 2);
    BOOST_TEST(row.at("concurrency").as_int64() == 2);
  }
}

BOOST_AUTO_TEST_CASE(masking_leaves_two_characters) {
  BOOST_TEST(admin::masked("0791234567") == "********67");
  BOOST_TEST(admin::masked("ab") == "**");
  BOOST_TEST(admin::masked("") == "");
  BOOST_TEST(admin::masked("محمد") == "**مد");
}

BOOST_AUTO_TEST_SUITE_END()
