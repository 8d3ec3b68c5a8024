#pragma once

#include "tests/faults/town.h"
#include "tests/faults/world.h"

namespace masar::faults {

/// What must hold when everything has come to an end, judged by what the partners have seen; only
/// the audit is asked of the hub, because it is what is judged there.
class Judge {
 public:
  Judge(World& world, const Town& town) : world_(world), town_(town) {}
  void judge();

 private:
  void backlog();
  void payments();
  void payment(const Payment& payment);
  void person(const Person& person);
  void messages(const Person& person);
  void in_time(const Person& person, const std::string& id, const Person::Said& said);
  void end(const Person& person);
  void amount(const Person& person);
  void audit(const Person& person);
  void audit_as_a_whole();
  void one_case_a_vehicle();
  bool counted(const Payment& payment) const;
  /// Nothing but its citizen, the deadlines and the partners moved this case.
  bool plain(const Person& person) const;

  World& world_;
  const Town& town_;
};

}  // namespace masar::faults
