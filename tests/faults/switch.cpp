#include <algorithm>

#include "core/message/xml_writer.h"
#include "tests/faults/partners.h"

namespace masar::faults {

using connector::PartAnswer;
using namespace std::chrono_literals;

namespace {

constexpr Duration kPatience = 9s;
constexpr std::size_t kGatheredMax = 4;

/// What was certain outside when an inquiry was handed in.
struct Certain {
  bool withdrawn = false;  ///< a withdrawal had been accepted
  bool paid = false;       ///< the whole amount had been answered with 0 for this number
  bool closed = false;     ///< an earlier inquiry had found it closed
  bool quiet = false;  ///< nobody has done anything since the bill was told
  std::optional<Instant> deadline;  ///< of the bill that the case waits for, as it was told
  bool moved = false;               ///< the deadline may be another one by now
};

}  // namespace

struct Switch::Seen : Certain {
  Instant handed{};
  bool expired = false;    ///< whenever it was answered, the time was over
  bool ever_paid = false;  ///< a payment of the amount is at least on its way
};

void Switch::inquire(Person& person, const std::string& number) {
  auto seen = std::make_shared<Seen>();
  Sending sending;
  const std::string guid = "i" + std::to_string(++guids_);
  sending.message.endpoint = "switch-bills";
  sending.message.sender = "switch";
  sending.message.body = bill_inquiry({number, guid}, world_.now());
  sending.patience = kPatience;
  sending.handed_in = [this, &person, number, seen] {
    *seen = {};
    seen->handed = world_.now();
    for (const auto& [id, said] : person.said)
      seen->withdrawn |= said.kind == "withdrawn" && said.accepted.has_value();
    for (const auto& transaction : person.payments) {
      const Payment& payment = town_.payments.at(transaction);
      seen->paid |=
          payment.text.number == number && payment.fils == payment.due && payment.code == "0";
    }
    seen->closed = person.closed.contains(number);
    const auto* last = person.last();
    const bool open = last && last->state == "awaiting-payment" && last->billing == number;
    if (open) seen->deadline = last->deadline;
    seen->moved = person.new_days != 0;
    seen->quiet = open && !person.acts && person.payments.empty() && !person.again &&
                  !person.again_uncertain() && !person.ways.amended && !person.ways.hasty &&
                  person.office_cancels == 0 && last->deadline &&
                  world_.clock().most(world_.now()) + 1min < *last->deadline;
  };
  sending.settled = [this, &person, number, seen](const connector::IntakeAnswer& answer) {
    const auto& part = answer.front();
    if (part.kind != PartAnswer::Kind::replied)
      return world_.breach('Q', "an inquiry was answered " + part.code);
    const HostClock& clock = world_.clock();
    seen->expired = seen->deadline && !seen->moved &&
                    clock.least(seen->handed, world_.now()) >= *seen->deadline;
    seen->quiet = seen->quiet && clock.most(world_.now()) < *seen->deadline;
    for (const auto& transaction : person.payments) {
      const Payment& payment = town_.payments.at(transaction);
      seen->ever_paid |= payment.fils == payment.due;
    }
    judge_bill(person, number, *seen, write_xml(*part.document));
  };
  world_.send(std::move(sending));
}

void Switch::judge_bill(Person& person, const std::string& number, const Seen& seen,
                        const std::string& bill) {
  const std::string code = text_of(bill, "ErrorCode");
  world_.say("bill " + number + " of " + person.application + ": " + code);
  const auto wrong = [&](const std::string& why) {
    world_.breach('Q', "bill " + number + " of " + person.application + " is " + code + ": " + why);
  };
  if (code == "0") {
    if (seen.withdrawn) wrong("its case had been withdrawn");
    if (seen.paid) wrong("it had been paid");
    if (seen.closed) wrong("it had been found closed before");
    if (seen.expired) wrong("its time was over");
    auto& amount = person.bill_amounts[number];
    const std::string now = text_of(bill, "DueAmount");
    if (!amount.empty() && amount != now) wrong("it changed its amount");
    amount = now;
    return;
  }
  person.closed.insert(number);
  if (code == "324" && !seen.ever_paid) wrong("nobody has paid it");
  if (code == "323" && seen.quiet) wrong("nobody has done anything about it");
  if (code != "323" && code != "324") wrong("a number that was issued");
}

void Switch::pay(Person& person, const std::string& number, std::int64_t fils) {
  const auto* last = person.last();
  Payment payment;
  payment.person = &person;
  payment.fils = fils;
  payment.due = last ? fils_of(last->amount) : 0;
  for (const auto& update : person.updates) {
    if (update.billing == number && update.deadline) payment.deadline = *update.deadline;
  }
  payment.tampers = person.random.chance(60);
  payment.text = {number, "T" + std::to_string(++transactions_) + "-" + person.application,
                  fils_text(payment.due), fils_text(fils), world_.now()};
  person.payments.push_back(payment.text.transaction);
  const std::string transaction = payment.text.transaction;
  town_.payments[transaction] = std::move(payment);
  tell_soon(transaction);
}

void Switch::pay_unknown_number(Person& person) { pay(person, "000000000001", 5000); }

/// By itself, or together with others that are paid within minutes.
void Switch::tell_soon(const std::string& transaction) {
  if (!world_.random().chance(300)) return notify({transaction});
  gathered_.push_back(transaction);
  if (gathered_.size() == kGatheredMax) return tell_gathered();
  if (gathered_.size() > 1) return;
  world_.in(world_.random().between(Duration(1s), Duration(3min)), [this] { tell_gathered(); });
}

void Switch::tell_gathered() {
  if (const Transactions told = std::exchange(gathered_, {}); !told.empty()) notify(told);
}

void Switch::notify(const Transactions& transactions) {
  Sending sending;
  const auto write = [this, transactions](connector::Received& message, const std::string& guid) {
    std::vector<PaymentText> texts;
    for (const auto& transaction : transactions)
      texts.push_back(town_.payments.at(transaction).text);
    message.message_id = guid;
    message.body = payment_notice(guid, texts, world_.now());
  };
  sending.message.endpoint = "switch-payments";
  sending.message.sender = "switch";
  write(sending.message, "g" + std::to_string(++guids_));
  sending.patience = kPatience;
  sending.handed_in = [this, transactions] {
    for (const auto& transaction : transactions) {
      Payment& payment = town_.payments.at(transaction);
      if (payment.handed == Instant{}) payment.handed = world_.now();
    }
  };
  // Unanswered, it comes again: the same request, or another one about the same payments.
  sending.again = [this, write](connector::Received& message) {
    if (world_.random().chance(500)) write(message, "g" + std::to_string(++guids_));
  };
  sending.settled = [this, transactions](const connector::IntakeAnswer& answer) {
    if (answer.size() != transactions.size()) {
      return world_.breach('D', std::to_string(transactions.size()) + " payments, " +
                                    std::to_string(answer.size()) + " answers");
    }
    for (std::size_t at = 0; at < transactions.size(); ++at) answered(transactions[at], answer[at]);
  };
  // At the same time by another way: the switch does not wait for its own answer.
  if (world_.strikes(Fault::duplicate, 60)) {
    Sending twin = sending;
    write(twin.message, "g" + std::to_string(++guids_));
    return world_.send_both(std::move(sending), std::move(twin));
  }
  world_.send(std::move(sending));
}

void Switch::answered(const std::string& transaction, const PartAnswer& part) {
  Payment& payment = town_.payments.at(transaction);
  const std::string code = part.kind == PartAnswer::Kind::replied
                               ? text_of(write_xml(*part.document), "ErrorCode")
                               : "refused " + part.code;
  world_.say("payment " + transaction + ": " + code);
  if (payment.answered) {
    if (code != payment.code)
      world_.breach('D',
                    "payment " + transaction + " was answered " + payment.code + ", then " + code);
    return;
  }
  payment.answered = world_.now();
  payment.code = code;
  answered_first(payment);
}

void Switch::answered_first(Payment& payment) {
  const std::string transaction = payment.text.transaction;
  const bool ours = payment.person->numbers.contains(payment.text.number);
  if (payment.code == "325" && payment.fils == payment.due)
    world_.breach('L', "payment " + transaction + " of the due amount is called a wrong one");
  if (payment.code == "408" && ours)
    world_.breach('L', "payment " + transaction + " on an issued number: 408");
  if (payment.code != "0" && payment.code != "325" && (payment.code != "408" || ours))
    world_.breach('L', "payment " + transaction + " is answered " + payment.code);
  if (world_.strikes(Fault::duplicate, 200)) {
    const Duration after = world_.random().chance(500)
                               ? Duration(1s)
                               : world_.random().between(Duration(1min), Duration(100h));
    world_.in(after, [this, transaction] { tell_soon(transaction); });
  }
  if (!payment.tampers || !world_.plan().has(Fault::duplicate)) return;
  // The same payment with another amount must not pass.
  world_.in(world_.random().between(Duration(1s), Duration(30h)), [this, transaction] {
    Payment& told = town_.payments.at(transaction);
    PaymentText other = told.text;
    other.paid = fils_text(told.fils + 1);
    Sending sending;
    sending.message.endpoint = "switch-payments";
    sending.message.sender = "switch";
    sending.message.message_id = "g" + std::to_string(++guids_);
    sending.message.body = payment_notice(sending.message.message_id, {other}, world_.now());
    sending.patience = kPatience;
    sending.settled = [this, transaction](const connector::IntakeAnswer& answer) {
      const auto& part = answer.front();
      if (part.kind == PartAnswer::Kind::refused && part.code == "duplicate-differs") return;
      world_.breach('D', "payment " + transaction + " with another amount was taken");
    };
    world_.send(std::move(sending));
  });
}

}  // namespace masar::faults
