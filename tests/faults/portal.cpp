#include <algorithm>

#include "tests/faults/partners.h"

namespace masar::faults {

using connector::PartAnswer;
using namespace std::chrono_literals;

namespace {

constexpr const char* kPortal = "urn:gam:portal:1";
constexpr Duration kTimeLimit = 30s;
constexpr Duration kPatience = 40s;

std::optional<Instant> instant_of(const std::string& text) {
  return text.empty() ? std::nullopt : parse_instant(text);
}

}  // namespace

Portal::Portal(World& world, Town& town, Switch& payments)
    : world_(world), town_(town), switch_(payments) {
  world_.serve("portal-out", [this](const std::string&, connector::Attempt attempt,
                                    connector::Outbound::Done done) {
    world_.queue(
        std::move(done), kTimeLimit,
        [this, effect = std::move(attempt.effect_id), body = std::move(attempt.body)] {
          arrived(effect, body);
        });
  });
}

void Portal::apply(Person& person) {
  const std::string content = elements(
      "pt:", {{"applicationId", person.application},
              {"sketchNo", person.sketch},
              {"accidentDate", format_date(date_of(world_.now() - 48h, kZone))},
              {"plate", elements("pt:", {{"code", "20"}, {"number", person.plate_no}})},
              {"applicant", elements("pt:", {{"idType", "NATIONAL"},
                                             {"id", "9901234567"},
                                             {"nameAr", "أحمد محمد علي الخطيب"},
                                             {"phone", "0" + person.phone.substr(3)},
                                             {"language", person.ways.arabic ? "ar" : "en"}})}});
  say(person, "application", "ApplicationSubmitted", content);
  if (!person.ways.withdraws) return;
  world_.in(person.ways.withdraws_after, [this, &person] { withdraw(person); });
}

void Portal::withdraw(Person& person) {
  if (person.ended() || person.updates.empty() || person.withdrew) return;
  person.acts = person.withdrew = true;
  say(person, "withdrawn", "ApplicationWithdrawn",
      elements("pt:", {{"applicationId", person.application}}));
}

// The portal's queue knows a message again by its id; the portal keeps sending one until it is
// accepted.
void Portal::say(Person& person, const std::string& kind, const std::string& root,
                 const std::string& content, const std::string& detail, Duration margin) {
  const std::string id = kind + std::to_string(++person.says) + "-" + person.application;
  Person::Said& said = person.said[id];
  said.kind = kind;
  said.detail = detail;
  said.margin = margin;
  Sending sending;
  sending.message.endpoint = "portal-in";
  sending.message.sender = "portal";
  sending.message.message_id = id;
  sending.message.body = document("pt", kPortal, root, content);
  sending.patience = kPatience;
  sending.handed_in = [this, &said] {
    if (said.handed == Instant{}) said.handed = world_.now();
  };
  sending.settled = [this, &person, &said, id](const connector::IntakeAnswer& answer) {
    const auto& part = answer.front();
    if (part.kind != PartAnswer::Kind::accepted)
      return world_.breach('L', id + " was refused before the journal: " + part.code);
    if (said.accepted) return;
    said.accepted = world_.now();
    world_.say("accepted " + id);
    // Whoever has just withdrawn, or chosen, may look at the bill at once.
    if (said.kind == "application" || person.numbers.empty()) return;
    if (said.kind != "withdrawn" && !person.random.chance(300)) return;
    switch_.inquire(person, *person.numbers.rbegin());
  };
  if (world_.strikes(Fault::duplicate, 80)) {
    Sending twin = sending;
    if (world_.random().chance(600)) return world_.send_both(std::move(sending), std::move(twin));
    const Duration after = world_.random().between(Duration(1s), Duration(60h));
    world_.in(after, [this, twin] { world_.send(twin); });
  }
  world_.send(std::move(sending));
}

void Portal::arrived(const std::string& effect, const std::string& body) {
  if (!known_.insert(effect).second) return;
  const std::string root = root_of(body);
  Person* person = town_.person(text_of(body, "applicationId"));
  if (root == "MessageRefused") {
    const std::string id = text_of(body, "inReplyTo");
    Person* sender = town_.person(id.substr(std::min(id.size(), id.find('-') + 1)));
    const auto said =
        sender ? sender->said.find(id) : std::map<std::string, Person::Said>::iterator();
    if (sender && said != sender->said.end()) {
      if (!said->second.refused.empty()) world_.breach('D', id + " is refused twice");
      said->second.refused = text_of(body, "code");
      return world_.say(id + " is refused: " + said->second.refused);
    }
    return world_.breach('D', "a message that nobody sent is refused: " + id);
  }
  if (!person) return world_.breach('D', "told of a case that nobody asked for: " + body);
  if (root == "ApplicationJoined") {
    town_.effects["application-joined|" + text_of(body, "openApplicationId")].insert(effect);
    person->joined.insert(text_of(body, "openApplicationId"));
    return;
  }
  if (root == "ReceiptIssued") {
    town_.effects["receipt|" + person->application].insert(effect);
    return receipt(*person, body);
  }
  town_.effects["case-updated|" + person->application].insert(effect);
  updated(*person, body);
}

// One a case, for a payment that was made, whose page says the same; its code is nobody else's.
void Portal::receipt(Person& person, const std::string& body) {
  const std::string transaction = text_of(body, "transaction");
  const std::string code = text_of(body, "verificationCode");
  const std::string amount = text_of(body, "amount");
  world_.say(person.application + " has a receipt for " + transaction + ": " + code);
  if (!person.receipt.empty()) world_.breach('D', person.application + " has two receipts");
  person.receipt = transaction;
  if (!town_.receipt_codes.insert(code).second)
    world_.breach('D', "the receipt code " + code + " was given twice");
  const auto paid = town_.payments.find(transaction);
  if (paid == town_.payments.end() || paid->second.person != &person ||
      fils_of(amount) != paid->second.fils)
    world_.breach('D', person.application + " has a receipt for nothing: " + transaction);
  const std::string page = body.substr(std::min(body.size(), body.find("<pt:page>")));
  for (const std::string& said : {code, amount, transaction}) {
    if (page.find(">" + said + "<") == std::string::npos)
      world_.breach('L', person.application + ": the receipt's page lacks " + said);
  }
}

void Portal::updated(Person& person, const std::string& body) {
  Update update;
  update.received = world_.now();
  update.version = std::stoll("0" + text_of(body, "version"));
  update.state = text_of(body, "state");
  update.since = instant_of(text_of(body, "since")).value_or(Instant{});
  update.deadline = instant_of(text_of(body, "deadline"));
  update.reason = text_of(body, "reason");
  update.billing = text_of(body, "billingNo");
  update.amount = text_of(body, "amount");
  update.receipt = text_of(body, "transaction");
  world_.say(person.application + " is " + update.state + " at " + std::to_string(update.version));
  const Update* before = person.last();
  if (before && update.version < before->version) {
    world_.breach('O', person.application + ": version " + std::to_string(update.version) +
                           " came after " + std::to_string(before->version));
  }
  if (person.ended())
    world_.breach('T', person.application + ": " + update.state + " after its end");
  judge_time(person, before, update);
  if (update.state == "awaiting-payment") person.numbers.insert(update.billing);
  person.updates.push_back(update);
  act(person, update);
}

// A deadline fires when it is due and not before.
void Portal::judge_time(Person& person, const Update* before, const Update& update) {
  const bool by_time = update.state == "closing-payment" ||
                       (update.state == "cancelled" &&
                        (update.reason == "no-choice" || update.reason == "no-letter" ||
                         update.reason == "not-paid"));
  const Instant most = world_.clock().most(world_.now());
  if (update.since > most)
    world_.breach('T', person.application + ": " + update.state + " before its time");
  if (before && update.since < before->since)
    world_.breach('T', person.application + ": " + update.state + " goes back in time");
  if (!by_time || !before || !before->deadline) return;
  if (update.since < *before->deadline || most < *before->deadline) {
    world_.breach('T', person.application + ": " + update.state + " " + update.reason +
                           " before the deadline that was told");
  }
}

void Portal::act(Person& person, const Update& update) {
  if (update.state == "choosing-method") return choose(person, update);
  if (update.state == "awaiting-payment") return pay(person, update);
  if (update.state == "awaiting-letter") return upload(person, update);
  if (is_end(update.state)) return after_the_end(person);
  if (update.state != "closing-payment") return;
  const std::string number = *person.numbers.rbegin();
  world_.in(person.random.between(Duration(1s), Duration(100min)),
            [this, &person, number] { switch_.inquire(person, number); });
}

Duration Portal::delay_of(When when, Person& person, const Update& update, Duration& margin) {
  const Duration left = update.deadline ? *update.deadline - world_.clock().now() : Duration(72h);
  switch (when) {
    case When::soon: return person.random.between(Duration(1s), std::max(Duration(2s), left / 2));
    case When::edge:
      margin = person.random.chance(200) ? Duration(0)
                                         : person.random.between(Duration(-3s), Duration(3s));
      return std::max(left + margin, Duration(0));
    case When::grace: return left + person.random.between(Duration(1s), Duration(110min));
    case When::late: return left + person.random.between(Duration(3h), Duration(50h));
    case When::never: break;
  }
  return Duration(-1);
}

void Portal::choose_now(Person& person, bool insurer, Duration margin) {
  person.acts = true;
  say(person, "method", "PaymentMethodChosen",
      elements("pt:", {{"applicationId", person.application},
                       {"method", insurer ? "insurer" : "personal"}}),
      insurer ? "insurer" : "personal", margin);
}

void Portal::choose(Person& person, const Update& update) {
  Duration margin{};
  const Duration wait = delay_of(person.ways.choice, person, update, margin);
  if (wait < Duration(0)) return;
  world_.in(wait, [this, &person, margin] { choose_now(person, person.ways.insurer, margin); });
}

void Portal::pay(Person& person, const Update& update) {
  const std::string number = update.billing;
  const std::int64_t due = fils_of(update.amount);
  for (auto looks = person.random.below(3); looks > 0; --looks) {
    world_.in(person.random.between(Duration(0), Duration(75h)),
              [this, &person, number] { switch_.inquire(person, number); });
  }
  if (person.ways.changes_method) {
    person.ways.changes_method = false;
    world_.in(person.random.between(Duration(1s), Duration(20h)),
              [this, &person] { choose_now(person, true, {}); });
  }
  if (person.ways.withdraws_bill) {
    world_.in(person.random.between(Duration(1s), Duration(20h)),
              [this, &person] { withdraw(person); });
  }
  if (person.ways.mistypes) switch_.pay_unknown_number(person);
  person.ways.mistypes = false;
  if (person.ways.wrong_amount_first) {
    person.ways.wrong_amount_first = false;
    world_.in(person.random.between(Duration(1s), Duration(10h)), [this, &person, number, due] {
      switch_.pay(person, number, due + (person.random.chance(500) || due < 2 ? 1 : -1));
    });
  }
  Duration margin{};
  const Duration wait = delay_of(person.ways.payment, person, update, margin);
  if (wait < Duration(0)) return;
  world_.in(wait, [this, &person, number, due] {
    switch_.pay(person, number, due);
    if (person.random.chance(400)) switch_.inquire(person, number);
    if (!person.ways.pays_twice) return;
    person.ways.pays_twice = false;
    const Duration then = person.random.chance(500)
                              ? Duration(0)
                              : person.random.between(Duration(1s), Duration(20h));
    world_.in(then, [this, &person, number, due] { switch_.pay(person, number, due); });
  });
}

void Portal::upload_now(Person& person, Duration margin) {
  person.acts = true;
  const std::string letter = "L" + std::to_string(++person.letters_sent) + "-" + person.application;
  say(person, "letter", "LetterUploaded",
      elements("pt:", {{"applicationId", person.application},
                       {"letterRef", letter},
                       {"insurerCode", "JIC"},
                       {"sha256", std::string(64, 'a')},
                       {"document", "store/" + letter}}),
      letter, margin);
}

void Portal::upload(Person& person, const Update& update) {
  if (person.ways.changes_method) {
    person.ways.changes_method = false;
    return world_.in(person.random.between(Duration(1s), Duration(20h)),
                     [this, &person] { choose_now(person, false, {}); });
  }
  Duration margin{};
  const Duration wait = delay_of(person.ways.letter, person, update, margin);
  if (wait < Duration(0)) return;
  world_.in(wait, [this, &person, margin] { upload_now(person, margin); });
}

void Portal::after_the_end(Person& person) {
  if (!person.numbers.empty() && person.random.chance(400)) {
    world_.in(person.random.between(Duration(0), Duration(10h)),
              [this, &person] { switch_.inquire(person, *person.numbers.begin()); });
  }
  if (person.second || !person.ways.applies_again) return;
  Person* again = town_.person(person.application + "c");
  if (again == nullptr) return;
  town_.awaited.push_back(again);
  world_.in(person.random.between(Duration(1s), Duration(30h)), [this, again] { apply(*again); });
}

}  // namespace masar::faults
