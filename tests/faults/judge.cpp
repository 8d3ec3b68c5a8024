#include "tests/faults/judge.h"

#include <algorithm>

#include "core/store/audit_verifier.h"

namespace masar::faults {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kRows = 20'000;

bool was_in(const Person& person, std::string_view state) {
  return std::any_of(person.updates.begin(), person.updates.end(),
                     [&](const auto& update) { return update.state == state; });
}

}  // namespace

void Judge::judge() {
  backlog();
  for (const auto& one : town_.people) {
    if (!one->said.empty()) person(*one);
  }
  payments();
  one_case_a_vehicle();
  audit_as_a_whole();
}

void Judge::backlog() {
  const auto counts = world_.hub().store().counts();
  for (const char* what : {"journal_undone", "outbox_ready", "outbox_sending"}) {
    if (counts.at(what) != 0)
      world_.breach('B', std::to_string(counts.at(what)) + " rows left: " + what);
  }
  const std::string moving = world_.hub().hub().in_flight();
  if (!moving.empty()) world_.breach('B', "the hub does not come to rest: " + moving);
  for (const auto& letter : world_.hub().letters()) {
    if (letter.code != "no-such-case")
      world_.breach('B', "a dead letter: " + letter.code + " " + letter.text);
  }
}

// Payments: each that was taken counted once, or is to be given back once.

bool Judge::counted(const Payment& payment) const {
  return std::any_of(
      payment.person->updates.begin(), payment.person->updates.end(),
      [&](const auto& update) { return update.receipt == payment.text.transaction; });
}

bool Judge::plain(const Person& person) const {
  return person.again_asked == 0 && person.office_cancels == 0 && person.new_days == 0 &&
         person.letters_accepted == 0 && !person.ways.amended && !person.ways.hasty &&
         !person.withdrew && !person.ways.second_assessment;
}

void Judge::payments() {
  for (const auto& [transaction, payment] : town_.payments) this->payment(payment);
}

void Judge::payment(const Payment& payment) {
  const Person& person = *payment.person;
  const std::string& transaction = payment.text.transaction;
  if (!payment.answered) return world_.breach('B', "payment " + transaction + " is never answered");
  std::map<std::string, int> tasks;
  for (const auto& [id, question] : town_.questions) {
    if (question.detail.starts_with(transaction + ",")) ++tasks[question.name];
  }
  const bool counts = counted(payment);
  if (payment.code == "408") return;
  if (payment.code == "325") {
    if (tasks["payment-mismatch"] != 1 || counts || tasks["refund"] != 0)
      world_.breach('L', "payment " + transaction + " of a wrong amount is not with the office");
    return;
  }
  if (counts != (person.receipt == transaction))
    world_.breach(counts ? 'L' : 'D', "payment " + transaction +
                                          (counts ? " counts and has no receipt"
                                                  : " has a receipt and does not count"));
  const int kept = (counts ? 1 : 0) + tasks["refund"] + tasks["payment-mismatch"];
  if (kept == 0) world_.breach('L', "payment " + transaction + " was taken and is lost");
  // A person who stops a case while its hold is being released gives its money back.
  if (kept > 1 && person.office_cancels == 0)
    world_.breach('D', "payment " + transaction + " counts " + std::to_string(kept) + " times");
  if (payment.deadline == Instant{} || !plain(person) || payment.fils != payment.due) return;
  // On a number of an earlier stay a payment counts as long as the case waits for a letter.
  if (person.entries("awaiting-payment") != 1 || was_in(person, "awaiting-letter")) return;
  const HostClock& clock = world_.clock();
  const bool in_time = clock.most(*payment.answered) < payment.deadline;
  const bool late = clock.least(payment.handed, *payment.answered) >= payment.deadline;
  if (person.payments.size() == 1 && in_time && !counts)
    world_.breach('T', "payment " + transaction + " was taken in time and does not count");
  if (late && payment.text.processed >= payment.deadline && counts)
    world_.breach('T', "payment " + transaction + " came too late and counts");
}

// Cases.

void Judge::person(const Person& person) {
  messages(person);
  if (person.updates.empty()) return;
  end(person);
  amount(person);
  audit(person);
}

void Judge::messages(const Person& person) {
  int letters = 0;
  for (const auto& [id, said] : person.said) {
    if (!said.accepted) {
      world_.breach('B', id + " is never accepted");
      continue;
    }
    if (said.kind == "application") {
      if (!person.settled()) world_.breach('L', id + " was accepted and nothing came of it");
      continue;
    }
    if (said.kind == "letter" && said.refused.empty()) ++letters;
    in_time(person, id, said);
    if (!said.refused.empty()) continue;
    const bool done = said.kind == "withdrawn"   ? person.entries("cancelled", "withdrawn") > 0
                      : said.kind == "letter"    ? was_in(person, "verifying-letter")
                      : said.detail == "insurer" ? was_in(person, "awaiting-letter")
                                                 : was_in(person, "awaiting-payment");
    if (!done) world_.breach('L', id + " was accepted and nothing came of it");
  }
  const int verified = person.entries("verifying-letter");
  if (verified > letters)
    world_.breach('D', person.application + " has its letter verified too often");
  if (verified < letters) world_.breach('L', person.application + ": a letter was lost");
}

// Accepted before the deadline, it wins, however late it was applied; handed in afterwards it
// loses.
void Judge::in_time(const Person& person, const std::string& id, const Person::Said& said) {
  const bool choice = said.kind == "method";
  if ((!choice && said.kind != "letter") || !plain(person)) return;
  const char* state = choice ? "choosing-method" : "awaiting-letter";
  const Person::Update* waited = nullptr;
  for (const auto& update : person.updates) {
    if (update.state == state && update.received <= said.handed) waited = &update;
  }
  const bool only = std::count_if(person.said.begin(), person.said.end(), [&](const auto& entry) {
                      return entry.second.kind == said.kind;
                    }) == 1;
  if (!waited || !waited->deadline || !only || person.entries(state) != 1) return;
  if (person.last()->receipt.empty() == false) return;  // a payment may have come first
  const HostClock& clock = world_.clock();
  if (clock.most(*said.accepted) < *waited->deadline && !said.refused.empty())
    world_.breach('T', id + " came in time and is refused: " + said.refused);
  if (clock.least(said.handed, *said.accepted) >= *waited->deadline && said.refused.empty())
    world_.breach('T', id + " came too late and counts");
}

void Judge::end(const Person& person) {
  const auto& last = person.updates.back();
  if (!is_end(last.state)) {
    return world_.breach('B', person.application + " ends nowhere: it is " + last.state +
                                  " since " + format_instant(last.since));
  }
  int ends = 0;
  for (const auto& update : person.updates) ends += is_end(update.state) ? 1 : 0;
  if (ends > 1) world_.breach('T', person.application + " has more than one end");
  const auto found = town_.holds.find(Town::hold_of(person));
  const bool released =
      found != town_.holds.end() && found->second.released_by == person.application + "-release";
  if (last.state == "cleared" && !released && person.office_releases == 0)
    world_.breach('L', person.application + " is cleared and its hold is not released");
  if (last.state != "cleared" && released && person.office_cancels == 0)
    world_.breach('D', person.application + " is " + last.state + " and its hold is released");
  if (last.state != "cleared") return;
  const bool owes = !last.amount.empty() && fils_of(last.amount) > 0;
  if (owes && last.receipt.empty() && !person.valid_letter && person.letters_accepted == 0)
    world_.breach('L', person.application + " is cleared for nothing");
}

// The amount is what the departments said, times the share of the fault.
void Judge::amount(const Person& person) {
  const bool simple =
      person.again_asked == 0 && !person.ways.second_assessment && !person.ways.unknown_damage;
  if (!simple || person.updates.back().amount.empty() || person.assessed.empty()) return;
  std::int64_t total = 0;
  for (const auto& [department, fils] : person.assessed) total += fils;
  const std::int64_t due = (total * person.ways.fault + 50) / 100;
  const std::int64_t told = fils_of(person.updates.back().amount);
  if (told != due && person.ways.sketch != SketchWay::no_fault &&
      person.ways.sketch != SketchWay::no_damage) {
    world_.breach('L', person.application + " owes " + fils_text(told) + ", its damage makes " +
                           fils_text(due));
  }
}

// Two cases of one vehicle are never open at once.
void Judge::one_case_a_vehicle() {
  std::map<std::string, std::vector<const Person*>> by_hold;
  for (const auto& one : town_.people) {
    if (!one->updates.empty()) by_hold[Town::hold_of(*one)].push_back(one.get());
  }
  for (auto& [hold, cases] : by_hold) {
    std::sort(cases.begin(), cases.end(), [](const auto* a, const auto* b) {
      return std::pair(a->updates.front().since, a->updates.back().since) <
             std::pair(b->updates.front().since, b->updates.back().since);
    });
    for (std::size_t at = 1; at < cases.size(); ++at) {
      const auto& before = cases[at - 1]->updates.back();
      if (!is_end(before.state) || before.since > cases[at]->updates.front().since)
        world_.breach('D', cases[at - 1]->application + " and " + cases[at]->application +
                               " are open for the same vehicle");
    }
  }
}

// Audit: what reached a partner stands there; versions of a case without holes.

void Judge::audit(const Person& person) {
  std::map<std::string, std::size_t> effects;
  std::int64_t version = 0;
  std::int64_t id = 0;
  for (const auto& row : world_.hub().store().timeline(person.application, 0, kRows)) {
    if (row.id <= id) world_.breach('A', person.application + ": audit rows out of order");
    id = row.id;
    if (row.kind == "effect") ++effects[row.name];
    if (row.version != 0 && row.version != version && row.version != version + 1)
      world_.breach('A', person.application + ": the audit jumps from version " +
                             std::to_string(version) + " to " + std::to_string(row.version));
    version = std::max(version, row.version);
  }
  effects["sms"] = effects["sms-action"] + effects["sms-notice"];
  for (const char* kind : {"case-updated", "application-joined", "request-assessment",
                           "remind-assessment", "release-hold", "receipt", "sms"}) {
    const auto found = town_.effects.find(std::string(kind) + "|" + person.application);
    const std::size_t came = found == town_.effects.end() ? 0 : found->second.size();
    if (came > effects[kind])
      world_.breach('A', person.application + ": " + std::to_string(came) + " times " + kind +
                             ", " + std::to_string(effects[kind]) + " in the audit");
  }
}

void Judge::audit_as_a_whole() {
  auto& store = world_.hub().store();
  store::AuditVerifier verifier(store.audit_heads(), {});
  const std::string wrong = store::verify_log(store, verifier, kRows);
  if (!wrong.empty()) world_.breach('A', "the chain of the audit is broken: " + wrong);
}

}  // namespace masar::faults
