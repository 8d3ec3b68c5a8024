#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/faults/wire.h"
#include "tests/faults/world.h"

namespace masar::faults {

enum class SketchWay {
  final,
  draft,
  objected,
  not_final,
  never_final,
  not_found,
  not_a_party,
  mismatch,
  no_fault,
  no_damage
};
enum class When { soon, edge, grace, late, never };

/// What will happen in one case, decided when it begins.
struct Ways {
  SketchWay sketch = SketchWay::final;
  int sketch_waits = 0;  ///< answers before the sketch is final
  std::vector<std::string> damages;
  int fault = 100;
  bool unknown_damage = false;  ///< a person names departments, also those that were asked already
  bool amended = false;
  bool hasty = false;  ///< amended while the sketch is on its way, and the office decides at once
  bool no_hold = false;
  bool careless_department = false;  ///< first items that do not add up, then the right ones
  bool foreign_department = false;
  bool late_department = false;
  bool second_assessment = false;
  std::string policy = "ACTIVE";
  When choice = When::soon;
  bool insurer = false;
  bool changes_method = false;
  When payment = When::soon;
  bool pays_twice = false;
  bool wrong_amount_first = false;
  bool mistypes = false;
  When letter = When::soon;
  std::vector<std::string> letters;  ///< what the registry says, one after the other
  bool withdraws = false;
  Duration withdraws_after{};
  bool withdraws_bill = false;  ///< once there is one to pay
  bool twin = false;            ///< two applications for the same vehicle
  Duration twin_after{};
  bool applies_again = false;
  bool arabic = false;
};

/// One application, as those outside the hub know it.
struct Person {
  Person(int index, std::string id, std::string no, std::string plate, std::uint64_t seed)
      : number(index),
        application(std::move(id)),
        sketch(std::move(no)),
        plate_no(std::move(plate)),
        random(seed, application) {}

  struct Update {
    Instant received{};
    std::int64_t version = 0;
    std::string state;
    Instant since{};
    std::optional<Instant> deadline;
    std::string reason, billing, amount, receipt;  ///< receipt: its transaction
  };
  /// One message that was sent.
  struct Said {
    std::string kind;
    std::string detail;
    Instant handed{};                 ///< first
    std::optional<Instant> accepted;  ///< when the sender heard of it
    std::string refused;              ///< code of the refusal, whichever way it came
    Duration margin{};                ///< edge: how far from the deadline it was aimed
  };

  int number;
  std::string application, sketch, plate_no, phone;
  Random random;
  Ways ways;
  bool second = false;  ///< a twin, or applies for the second time

  std::vector<Update> updates;   ///< in the order in which the portal got them
  std::set<std::string> joined;  ///< open application, per message that said so
  std::map<std::string, Said> said;
  int says = 0;
  bool withdrew = false;
  bool acts = false;              ///< did anything but apply
  std::set<std::string> numbers;  ///< bills
  std::set<std::string> closed;   ///< numbers that an inquiry found closed
  std::map<std::string, std::string> bill_amounts;
  std::string receipt;                ///< transaction of the receipt that was issued
  std::vector<std::string> payments;  ///< transactions
  int letters_sent = 0;
  int new_days = 0, sent_again = 0, office_cancels = 0, office_releases = 0, letters_accepted = 0;
  int again = 0, again_asked = 0;  ///< assess-again answers: known to have been taken, and given
  std::map<int, int> version_by_round;
  std::map<std::string, std::int64_t> assessed;  ///< department → fils, accepted and right
  std::map<std::string, int> texts;              ///< text message → times it arrived
  bool valid_letter = false;

  bool again_uncertain() const { return again_asked != again; }
  bool ended() const;
  /// Ended, refused, or joined to another application.
  bool settled() const;
  const Update* last() const { return updates.empty() ? nullptr : &updates.back(); }
  int entries(std::string_view state, std::string_view reason = {}) const;
};

/// One payment that the switch told of.
struct Payment {
  PaymentText text;
  Person* person = nullptr;
  std::int64_t fils = 0, due = 0;
  Instant handed{};    ///< first
  Instant deadline{};  ///< as known when it was made
  std::optional<Instant> answered;
  std::string code;
  bool tampers = false;
};

/// One question that the office has seen.
struct Question {
  std::string name, key, detail;
  bool answered = false;
};

/// The vehicle's hold, and the sketch of its accident.
struct Hold {
  int version = 1;
  int asked = 0;
  int refused_once = 0;
  bool notice_planned = false;
  std::string released_by;  ///< RequestId
  std::string release_no;
};

/// All that happened outside the hub: what the oracles judge by.
struct Town {
  std::vector<std::unique_ptr<Person>> people;
  std::map<std::string, Person*> by_application;
  std::map<std::string, Person*> by_phone;
  std::map<std::string, Hold> holds;  ///< sketch|plate
  std::map<std::string, Payment> payments;
  std::map<std::string, Question> questions;
  std::set<std::string> receipt_codes;
  std::map<std::string, std::set<std::string>>
      effects;                   ///< kind|application → effect ids that came
  std::vector<Person*> awaited;  ///< applied, and not known to have come to an end

  Person* person(const std::string& application) const {
    const auto found = by_application.find(application);
    return found == by_application.end() ? nullptr : found->second;
  }
  bool all_settled() {
    while (!awaited.empty() && awaited.back()->settled()) awaited.pop_back();
    return awaited.empty();
  }
  static std::string hold_of(const Person& person) { return person.sketch + "|" + person.plate_no; }
};

bool is_end(std::string_view state);
Ways decide(Random& random);

}  // namespace masar::faults
