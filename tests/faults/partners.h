#pragma once

#include <functional>
#include <set>
#include <string>

#include "tests/faults/town.h"
#include "tests/faults/world.h"

namespace masar::faults {

/// The payment switch: inquiries and payments, over and over until they are answered.
class Switch {
 public:
  Switch(World& world, Town& town) : world_(world), town_(town) {}

  /// Somebody looks at a bill.
  void inquire(Person& person, const std::string& number);
  /// Somebody pays `fils` for a number, at once.
  void pay(Person& person, const std::string& number, std::int64_t fils);
  void pay_unknown_number(Person& person);

 private:
  struct Seen;
  using Transactions = std::vector<std::string>;
  void tell_soon(const std::string& transaction);
  void tell_gathered();
  void notify(const Transactions& transactions);
  void answered(const std::string& transaction, const connector::PartAnswer& part);
  void answered_first(Payment& payment);
  void judge_bill(Person& person, const std::string& number, const Seen& seen,
                  const std::string& bill);

  World& world_;
  Town& town_;
  Transactions gathered_;  ///< to be told of in one message
  int guids_ = 0;
  int transactions_ = 0;
};

/// The citizens' portal, and the citizens.
class Portal {
 public:
  Portal(World& world, Town& town, Switch& payments);
  void apply(Person& person);

 private:
  using Update = Person::Update;
  void arrived(const std::string& effect, const std::string& body);
  void receipt(Person& person, const std::string& body);
  void updated(Person& person, const std::string& body);
  void judge_time(Person& person, const Update* before, const Update& update);
  void act(Person& person, const Update& update);
  void choose(Person& person, const Update& update);
  void pay(Person& person, const Update& update);
  void upload(Person& person, const Update& update);
  void withdraw(Person& person);
  void after_the_end(Person& person);
  void say(Person& person, const std::string& kind, const std::string& root,
           const std::string& content, const std::string& detail = {}, Duration margin = {});
  void choose_now(Person& person, bool insurer, Duration margin);
  void upload_now(Person& person, Duration margin);
  Duration delay_of(When when, Person& person, const Update& update, Duration& margin);

  World& world_;
  Town& town_;
  Switch& switch_;
  std::set<std::string> known_;  ///< effect ids that came
};

/// The traffic department: sketches, holds, notices.
class Traffic {
 public:
  /// `amended` is told of each notice.
  Traffic(World& world, Town& town, std::function<void(Person&)> amended);

 private:
  connector::Outcome sketch(const std::string& body);
  connector::Outcome release(const std::string& body);
  std::string sketch_document(const Person& person, const Hold& hold, const std::string& body);
  void notice(Person& person);

  World& world_;
  Town& town_;
  std::function<void(Person&)> amended_;
  int releases_ = 0;
  int notices_ = 0;
};

/// The insurance registry.
class Registry {
 public:
  Registry(World& world, Town& town);

 private:
  connector::Outcome policy(const std::string& body);
  connector::Outcome letter(const std::string& body);

  World& world_;
  Town& town_;
  std::map<std::string, std::size_t> asked_;  ///< letter → how often
};

/// The municipal departments.
class Departments {
 public:
  Departments(World& world, Town& town);

 private:
  void arrived(const std::string& department, const std::string& effect, const std::string& body);
  void requested(const std::string& department, const std::string& body);
  void refused(const std::string& department, const std::string& body);
  void assess(Person& person, const std::string& department, const std::string& id,
              std::int64_t total, bool adds_up, const std::string& as);

  struct Assessment {
    Person* person = nullptr;
    std::string department;
    std::int64_t total = 0;
    bool right = false;
  };
  World& world_;
  Town& town_;
  std::set<std::string> known_;
  std::map<std::string, int> requests_;            ///< assessmentId|department → requests
  std::map<std::string, Assessment> assessments_;  ///< by message id
  int messages_ = 0;
};

/// The SMS gateway, which knows no message again.
class Gateway {
 public:
  Gateway(World& world, Town& town);

 private:
  connector::Outcome take(const connector::Attempt& attempt);

  World& world_;
  Town& town_;
  std::map<std::string, int> taken_;  ///< effect id → times
};

/// The people who answer tasks.
class Office {
 public:
  Office(World& world, Town& town) : world_(world), town_(town) {}
  void open() { look(); }
  /// Decides about the amended sketch of this case as soon as it can be asked.
  void watch(const std::string& key, Instant until);
  void look_now();

 private:
  void look();
  void consider(const store::TaskRow& task, Duration after);
  void decide(const std::string& id);
  void answer(const std::string& id, const std::string& answer,
              const std::map<std::string, std::string>& fields);
  void answered(const std::string& id, const std::string& answer, int version, int status);

  World& world_;
  Town& town_;
};

}  // namespace masar::faults
