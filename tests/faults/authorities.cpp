// The traffic department and the insurance registry.
#include <algorithm>

#include "tests/faults/partners.h"

namespace masar::faults {

using connector::Outcome;
using connector::OutcomeKind;
using connector::PartAnswer;
using namespace std::chrono_literals;

namespace {

constexpr const char* kTraffic = "urn:jo:traffic:1";
constexpr const char* kInsurance = "urn:jo:insurance:1";
constexpr Duration kTimeLimit = 5s;
constexpr Duration kSlow = 4s;

Outcome delivered(std::string body) {
  return {OutcomeKind::delivered, {}, {}, std::move(body), {}};
}
Outcome rejected(const char* code) { return {OutcomeKind::rejected, code, "declared", {}, {}}; }

}  // namespace

Traffic::Traffic(World& world, Town& town, std::function<void(Person&)> amended)
    : world_(world), town_(town), amended_(std::move(amended)) {
  world_.serve("traffic-department", [this](const std::string&, connector::Attempt attempt,
                                            connector::Outbound::Done done) {
    const bool sketches = attempt.operation == "GetAccidentSketch";
    const auto act = [this, sketches, body = attempt.body, effect = attempt.effect_id] {
      const std::string id = sketches ? std::string() : text_of(body, "RequestId");
      if (!sketches)
        town_.effects["release-hold|" + id.substr(0, id.rfind("-release"))].insert(effect);
      return sketches ? sketch(body) : release(body);
    };
    const auto key = std::find_if(attempt.headers.begin(), attempt.headers.end(),
                                  [](const auto& one) { return one.first == "correlation-id"; });
    Person* person = key == attempt.headers.end() ? nullptr : town_.person(key->second);
    const bool hasty = sketches && person && person->ways.hasty &&
                       !std::exchange(town_.holds[Town::hold_of(*person)].notice_planned, true);
    if (!hasty) return world_.exchange(std::move(done), kTimeLimit, act);
    // The sketch as it is now takes its time; meanwhile it is amended.
    const Outcome outcome = act();
    world_.in(300ms, [this, person] { notice(*person); });
    world_.in(kSlow, [done, outcome] { done(outcome); });
  });
}

Outcome Traffic::sketch(const std::string& body) {
  const std::string number = text_of(body, "SketchNo");
  const std::string plate = text_of(body, "PlateNo");
  Hold& hold = town_.holds[number + "|" + plate];
  const auto found = std::find_if(town_.people.begin(), town_.people.end(), [&](const auto& one) {
    return one->sketch == number && one->plate_no == plate;
  });
  if (found == town_.people.end()) {
    world_.breach('D', "a sketch that nobody named is asked for: " + number);
    return rejected("NOT_FOUND");
  }
  Person& person = **found;
  ++hold.asked;
  if (person.ways.amended && !std::exchange(hold.notice_planned, true)) {
    world_.in(person.random.between(Duration(1s), Duration(70h)),
              [this, &person] { notice(person); });
  }
  const bool waits = hold.asked <= person.ways.sketch_waits;
  switch (person.ways.sketch) {
    case SketchWay::not_found: return rejected("NOT_FOUND");
    case SketchWay::mismatch: return rejected("PLATE_MISMATCH");
    case SketchWay::not_a_party:
      if (person.number % 2 == 0) return rejected("NOT_A_PARTY");
      break;
    case SketchWay::not_final:
    case SketchWay::never_final:
      if (waits) return rejected("NOT_FINAL");
      break;
    default: break;
  }
  return delivered(sketch_document(person, hold, body));
}

std::string Traffic::sketch_document(const Person& person, const Hold& hold,
                                     const std::string& body) {
  const SketchWay way = person.ways.sketch;
  const bool waits = hold.asked <= person.ways.sketch_waits;
  const char* status = waits && way == SketchWay::draft      ? "DRAFT"
                       : waits && way == SketchWay::objected ? "OBJECTED"
                       : hold.version > 1                    ? "AMENDED"
                                                             : "FINAL";
  Fields fields{
      {"SketchNo", person.sketch},
      {"IssuedBy", "إدارة السير"},
      {"OccurredAt", text_of(body, "AccidentDate") + "T09:30:00+03:00"},
      {"Location",
       elements("tr:", {{"Governorate", "العاصمة"}, {"Area", "عبدون"}, {"Street", "شارع"}})},
      {"Party",
       elements("tr:", {{"Role", "DRIVER"},
                        {"NameAr1", "أحمد"},
                        {"NameAr4", "الخطيب"},
                        {"IdType", "NATIONAL"},
                        {"IdNo", "9901234567"},
                        {"PlateCode", "20"},
                        {"PlateNo", way == SketchWay::not_a_party ? "1" : person.plate_no},
                        {"ChassisNo", "CH" + person.plate_no},
                        {"FaultPercent",
                         way == SketchWay::no_fault ? "0" : std::to_string(person.ways.fault)}})}};
  for (const auto& type : person.ways.damages) {
    fields.emplace_back("PropertyDamage",
                        elements("tr:", {{"Owner", way == SketchWay::no_damage ? "OTHER" : "GAM"},
                                         {"Type", type},
                                         {"DescriptionAr", "تلف"}}));
  }
  fields.emplace_back("Status", status);
  fields.emplace_back("Version", std::to_string(hold.version));
  fields.emplace_back("DocumentRef", "sketch/" + person.sketch);
  return document("tr", kTraffic, "GetAccidentSketchResponse", elements("tr:", fields));
}

void Traffic::notice(Person& person) {
  Hold& hold = town_.holds[Town::hold_of(person)];
  ++hold.version;
  world_.say("the sketch of " + person.application + " is amended");
  amended_(person);
  const std::string version = std::to_string(hold.version);
  Sending sending;
  sending.message.endpoint = "traffic-notices";
  sending.message.sender = "traffic";
  sending.message.message_id = "n" + std::to_string(++notices_);
  sending.message.body =
      document("tr", kTraffic, "SketchAmended",
               elements("tr:", {{"SketchNo", person.sketch},
                                {"Version", version},
                                {"Party", elements("tr:", {{"PlateCode", "20"},
                                                           {"PlateNo", person.plate_no},
                                                           {"SketchNo", person.sketch},
                                                           {"Version", version}})}}));
  sending.patience = 9s;
  sending.settled = [this, &person](const connector::IntakeAnswer& answer) {
    if (answer.front().kind != PartAnswer::Kind::replied)
      world_.breach('L',
                    "a notice of " + person.application + " was answered " + answer.front().code);
  };
  if (world_.strikes(Fault::duplicate, 100)) world_.send(sending);
  world_.send(std::move(sending));
}

Outcome Traffic::release(const std::string& body) {
  const std::string request = text_of(body, "RequestId");
  const std::string key = request.substr(0, request.rfind("-release"));
  Person* person = town_.person(key);
  if (!person || person->sketch != text_of(body, "SketchNo")) {
    world_.breach('D', "the release of a hold that nobody applied for: " + request);
    return rejected("NO_HOLD");
  }
  Hold& hold = town_.holds[Town::hold_of(*person)];
  if (person->ways.no_hold && hold.refused_once == 0) {
    ++hold.refused_once;
    return rejected("NO_HOLD");
  }
  if (!hold.released_by.empty() && hold.released_by != request) {
    world_.breach('D', "the hold on " + person->plate_no + " is released for " + hold.released_by +
                           " and for " + request);
    return rejected("ALREADY_RELEASED");
  }
  if (hold.released_by.empty()) {
    hold.released_by = request;
    hold.release_no = "R-" + std::to_string(++releases_);
    world_.say("released " + request);
  } else if (person->number % 2 == 0) {
    return rejected("ALREADY_RELEASED");
  }
  return delivered(document("tr", kTraffic, "ReleaseHoldResponse",
                            elements("tr:", {{"ReleaseNo", hold.release_no},
                                             {"ReleasedAt", format_instant(world_.now())}})));
}

Registry::Registry(World& world, Town& town) : world_(world), town_(town) {
  world_.serve("insurance-registry", [this](const std::string&, connector::Attempt attempt,
                                            connector::Outbound::Done done) {
    const auto act = [this, policies = attempt.operation == "InquirePolicy", body = attempt.body] {
      return policies ? policy(body) : letter(body);
    };
    world_.exchange(std::move(done), kTimeLimit, act);
  });
}

Outcome Registry::policy(const std::string& body) {
  const std::string plate = text_of(body, "PlateNo");
  const auto found = std::find_if(town_.people.begin(), town_.people.end(),
                                  [&](const auto& one) { return one->plate_no == plate; });
  const std::string status = found == town_.people.end() ? "NO_POLICY" : (*found)->ways.policy;
  if (status == "NO_POLICY") return rejected("NO_POLICY");
  std::string policies;
  if (status != "NONE") {
    policies = elements("ins:", {{"Policy", elements("ins:", {{"PolicyNo", "P-" + plate},
                                                              {"InsurerCode", "JIC"},
                                                              {"InsurerNameAr", "شركة التأمين"},
                                                              {"Cover", "TPL"},
                                                              {"ValidFrom", "2020-01-01"},
                                                              {"ValidTo", "2030-12-31"},
                                                              {"Status", status}})}});
  }
  return delivered(document("ins", kInsurance, "InquirePolicyResponse", policies));
}

Outcome Registry::letter(const std::string& body) {
  const std::string reference = text_of(body, "LetterRef");
  Person* person =
      town_.person(reference.substr(std::min(reference.size(), reference.find('-') + 1)));
  if (!person) {
    world_.breach('D', "a letter that nobody uploaded is asked about: " + reference);
    return rejected("NO_POLICY");
  }
  const auto& results = person->ways.letters;
  const std::size_t place = std::min(asked_[reference]++, results.size() - 1);
  if (results[place] == "VALID") person->valid_letter = true;
  return delivered(document("ins", kInsurance, "VerifyApprovalLetterResponse",
                            elements("ins:", {{"Result", results[place]}})));
}

}  // namespace masar::faults
