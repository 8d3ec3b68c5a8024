// The municipal departments, the SMS gateway and the office.
#include <algorithm>

#include "tests/faults/partners.h"

namespace masar::faults {

using connector::Outcome;
using connector::OutcomeKind;
using connector::PartAnswer;
using namespace std::chrono_literals;

namespace {

constexpr const char* kDepartments = "urn:gam:departments:1";
constexpr Duration kQueueLimit = 30s;
constexpr Duration kSmsLimit = 10s;
constexpr Duration kPatience = 40s;
constexpr Duration kRound = 4h;  ///< between two looks of the office at its tasks
constexpr std::size_t kPage = 500;

int round_of(const std::string& assessment) {
  return std::atoi(assessment.substr(assessment.rfind('-') + 1).c_str());
}

}  // namespace

Departments::Departments(World& world, Town& town) : world_(world), town_(town) {
  for (const char* name : {"roads", "street-lighting", "traffic-signals", "parks", "sanitation"}) {
    world_.serve(std::string(name) + "-out", [this, department = std::string(name)](
                                                 const std::string&, connector::Attempt attempt,
                                                 connector::Outbound::Done done) {
      world_.queue(std::move(done), kQueueLimit,
                   [this, department, effect = std::move(attempt.effect_id),
                    body = std::move(attempt.body)] { arrived(department, effect, body); });
    });
  }
}

void Departments::arrived(const std::string& department, const std::string& effect,
                          const std::string& body) {
  if (!known_.insert(effect).second) return;
  const std::string root = root_of(body);
  if (root == "MessageRefused") return refused(department, body);
  const std::string application = text_of(body, "applicationId");
  const std::string id = text_of(body, "assessmentId");
  if (!town_.person(application)) return world_.breach('D', "an assessment of nothing: " + id);
  if (root == "AssessmentRequested") {
    town_.effects["request-assessment|" + application].insert(effect);
    return requested(department, body);
  }
  town_.effects["remind-assessment|" + application].insert(effect);
  if (requests_[id + "|" + department] == 0)
    world_.breach('O', department + " is reminded of " + id + " before it was asked");
}

void Departments::requested(const std::string& department, const std::string& body) {
  Person& person = *town_.person(text_of(body, "applicationId"));
  const std::string id = text_of(body, "assessmentId");
  const int version = std::atoi(text_of(body, "sketchVersion").c_str());
  if (++requests_[id + "|" + department] > 1 && !person.ways.unknown_damage) {
    world_.breach('D', department + " is asked twice for " + id);
  }
  const auto known = person.version_by_round.find(round_of(id));
  if (known != person.version_by_round.end() && version < known->second &&
      !person.again_uncertain()) {
    world_.breach('O', id + " is about version " + std::to_string(version) +
                           " of the sketch, which an earlier visit asked for");
  }
  const std::int64_t total = person.random.chance(30) ? 0 : person.random.between(1, 900'000);
  const bool late = person.ways.late_department && person.random.chance(500);
  Duration wait = late ? person.random.between(Duration(50h), Duration(150h))
                       : person.random.between(Duration(1s), Duration(20h));
  if (person.ways.foreign_department) {
    const std::string other = department == "parks" ? "roads" : "parks";
    world_.in(wait, [this, &person, department, id, total, other] {
      assess(person, department, id, total, true, other);
    });
    wait += 1s;
  }
  if (person.ways.careless_department) {
    world_.in(wait, [this, &person, department, id, total] {
      assess(person, department, id, total, false, department);
    });
    wait += person.random.between(Duration(0), Duration(2h));
  }
  world_.in(wait, [this, &person, department, id, total] {
    assess(person, department, id, total, true, department);
  });
  if (!person.ways.second_assessment) return;
  world_.in(wait + person.random.between(Duration(0), Duration(30h)),
            [this, &person, department, id, total] {
              assess(person, department, id, total + 10'000, true, department);
            });
}

void Departments::assess(Person& person, const std::string& department, const std::string& id,
                         std::int64_t total, bool adds_up, const std::string& as) {
  Sending sending;
  const std::string message = "a" + std::to_string(++messages_) + "-" + id;
  assessments_[message] = {&person, department, total, adds_up && as == department};
  sending.message.endpoint = as + "-in";
  sending.message.sender = as;
  sending.message.message_id = message;
  const std::int64_t half = total / 2;
  const auto item = [](std::int64_t amount) {
    return elements("dp:", {{"items", elements("dp:", {{"code", "ITEM"},
                                                       {"quantity", "1"},
                                                       {"unitPrice", fils_text(amount)},
                                                       {"amount", fils_text(amount)}})}});
  };
  sending.message.body = document("dp", kDepartments, "AssessmentCompleted",
                                  elements("dp:", {{"applicationId", person.application},
                                                   {"assessmentId", id},
                                                   {"department", department}}) +
                                      item(half) + item(total - half + (adds_up ? 0 : 1)) +
                                      elements("dp:", {{"total", fils_text(total)}}));
  sending.patience = kPatience;
  sending.settled = [this, message](const connector::IntakeAnswer& answer) {
    if (answer.front().kind != PartAnswer::Kind::accepted)
      return world_.breach('L',
                           message + " was refused before the journal: " + answer.front().code);
    const Assessment& one = assessments_.at(message);
    if (one.right) one.person->assessed[one.department] = one.total;
  };
  if (world_.strikes(Fault::duplicate, 60)) world_.send(sending);
  world_.send(std::move(sending));
}

void Departments::refused(const std::string& department, const std::string& body) {
  const std::string id = text_of(body, "inReplyTo");
  const std::string code = text_of(body, "code");
  const auto found = assessments_.find(id);
  if (found == assessments_.end())
    return world_.breach('D', department + " is refused what it never sent: " + id);
  world_.say(id + " is refused: " + code);
  if (found->second.right && code != "old-assessment" && code != "out-of-place")
    world_.breach('L', id + " is right and refused: " + code);
}

Gateway::Gateway(World& world, Town& town) : world_(world), town_(town) {
  world_.serve("sms-gateway", [this](const std::string&, connector::Attempt attempt,
                                     connector::Outbound::Done done) {
    const auto act = [this, attempt] { return take(attempt); };
    world_.exchange(std::move(done), kSmsLimit, act);
  });
}

Outcome Gateway::take(const connector::Attempt& attempt) {
  const auto found = town_.by_phone.find(text_of(attempt.body, "to"));
  if (found == town_.by_phone.end()) {
    world_.breach('D', "a text message to nobody: " + text_of(attempt.body, "to"));
    return {OutcomeKind::rejected, "400", "bad number", {}, {}};
  }
  Person& person = *found->second;
  if (++taken_[attempt.effect_id] > 1) {
    world_.breach(
        'D', "a text message of " + person.application + " goes out twice: " + attempt.effect_id);
  }
  town_.effects["sms|" + person.application].insert(attempt.effect_id);
  if (person.random.chance(10)) return {OutcomeKind::rejected, "400", "refused", {}, {}};
  const std::string text = text_of(attempt.body, "text");
  // While stamps stand still two stays have the same deadline, and the same text.
  const bool same = ++person.texts[text] > 1 + person.sent_again + person.new_days;
  if (same && !world_.clock().went_back())
    world_.breach('D', person.application + " gets the same text again: " + text);
  // Reports come in any order, twice or never.
  const std::string outcome = person.random.chance(930) ? "delivered" : "failed";
  std::vector<std::string> states{outcome};
  if (person.random.chance(300)) states.push_back("buffered");
  if (person.random.chance(100)) states.push_back("failed");
  if (person.random.chance(100)) states.push_back(outcome);
  if (person.random.chance(100)) states.clear();
  for (const auto& state : states) {
    world_.in(person.random.between(Duration(1ms), Duration(person.random.chance(900) ? 20s : 3h)),
              [this, id = attempt.effect_id, state] { world_.report(id, state); });
  }
  return {OutcomeKind::delivered, {}, {}, {}, {}};
}

// The office.

void Office::watch(const std::string& key, Instant until) {
  if (world_.now() > until) return;
  if (world_.hub_up()) {
    for (const auto& task : world_.hub().store().tasks(store::TaskState::open, key, {}, kPage)) {
      if (task.name == "sketch-amended") {
        consider(task, 1ms);
        return;
      }
    }
  }
  world_.in(200ms, [this, key, until] { watch(key, until); });
}

void Office::look() {
  look_now();
  world_.in(kRound, [this] { look(); });
}

void Office::look_now() {
  if (!world_.hub_up()) return;
  std::string after;
  for (;;) {
    const auto tasks = world_.hub().store().tasks(store::TaskState::open, {}, after, kPage);
    for (const auto& task : tasks) {
      after = task.id;
      const Duration wait = world_.is_calm() ? world_.random().between(Duration(1s), Duration(1h))
                                             : world_.random().between(Duration(1s), Duration(20h));
      consider(task, wait);
    }
    if (tasks.size() < kPage) return;
  }
}

void Office::consider(const store::TaskRow& task, Duration after) {
  auto [place, fresh] =
      town_.questions.try_emplace(task.id, Question{task.name, task.case_key, task.detail, false});
  if (fresh) world_.say("task " + task.name + " of " + task.case_key + ": " + task.detail);
  if (fresh && task.name == "dead-letter")
    world_.breach('B', "a dead letter of " + task.case_key + ": " + task.detail);
  world_.in(after, [this, id = task.id] { decide(id); });
}

void Office::decide(const std::string& id) {
  const Question& task = town_.questions.at(id);
  if (task.answered) return;
  Person* person = town_.person(task.key);
  if (!person) return;
  Random& random = person->random;
  const auto one_of = [&](const std::vector<std::string>& answers) {
    answer(id, random.of(answers), {});
  };
  if (task.name == "refund" || task.name == "payment-mismatch")
    return answer(id, "settled", {{"reference", "M-1"}});
  if (task.name == "sketch-amended" && person->ways.hasty) return answer(id, "assess-again", {});
  if (task.name == "sketch-amended" || task.name == "amended-assessment")
    return one_of({"go-on", "go-on", "assess-again", "assess-again", "cancel"});
  if (task.name == "unknown-damage-type") {
    if (random.chance(500)) return answer(id, "none", {});
    return answer(id, "departments",
                  {{"departments", random.chance(500) ? "parks" : "roads parks"}});
  }
  if (task.name == "partner-silent" || task.name == "letter-pending")
    return one_of({"keep-asking", "keep-asking", "keep-asking", "cancel"});
  if (task.name == "letter-unclear") return one_of({"accept", "refuse", "new-letter"});
  if (task.name == "release-refused") return one_of({"cleared", "ask-again", "ask-again"});
  if (task.name == "citizen-not-reached")
    return one_of({"send-again", "reached-otherwise", "new-days"});
  if (task.name == "assessment-overdue" || task.name == "message-not-taken")
    return answer(id, "seen", {});
}

void Office::answer(const std::string& id, const std::string& answer,
                    const std::map<std::string, std::string>& fields) {
  if (!world_.hub_up()) return;  // it is looked at again in the next round
  Question& task = town_.questions.at(id);
  Person& person = *town_.person(task.key);
  world_.say("answer " + answer + " to " + task.name + " of " + task.key);
  const int version = town_.holds[Town::hold_of(person)].version;
  // Whether it was heard is not known until it is told: what it may do is counted from now on.
  if (answer == "send-again") ++person.sent_again;
  if (answer == "new-days") ++person.new_days;
  if (answer == "cancel" || answer == "refuse") ++person.office_cancels;
  if (answer == "cleared") ++person.office_releases;
  if (answer == "accept") ++person.letters_accepted;
  if (answer == "assess-again") ++person.again_asked;
  world_.hub().operate(
      [&](engine::Operations& operations, engine::Operations::Done done) {
        operations.answer_task(id, answer, fields, std::nullopt, std::move(done));
      },
      [this, id, answer, version](const engine::ActResult& result) {
        answered(id, answer, version, result.status);
      });
}

void Office::answered(const std::string& id, const std::string& answer, int version, int status) {
  Question& task = town_.questions.at(id);
  Person& person = *town_.person(task.key);
  world_.say("answer to " + task.name + " of " + task.key + ": " + std::to_string(status));
  if (status == 200 || status == 409) task.answered = true;
  if (answer != "assess-again") return;
  if (status == 409) --person.again_asked;  // this one did nothing
  if (status == 200) person.version_by_round[++person.again + 1] = version;
}

}  // namespace masar::faults
