#include "core/engine/intake.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/plant.h"
#include "core/engine/aggregate.h"
#include "core/engine/content_digest.h"
#include "core/engine/exchange.h"
#include "core/engine/records.h"
#include "core/message/xml_writer.h"

namespace masar::engine {

using connector::PartAnswer;

namespace {

constexpr int kTriesMax = 5;  ///< lost races for a key before the sender is told to come again

PartAnswer refusal(std::string code, std::string text) {
  return {PartAnswer::Kind::refused, std::move(code), std::move(text), {}};
}
PartAnswer differs(const std::string& key) {
  return refusal("duplicate-differs", "the key " + key + " came before with other content");
}
constexpr const char* kExpired = "expired";
constexpr const char* kCameLate = "the message came after its expiry";

PartAnswer later(std::string code, std::string text) {
  return {PartAnswer::Kind::retry_later, std::move(code), std::move(text), {}};
}
PartAnswer in_doubt() { return later("in-doubt", "the message is kept for a person"); }

}  // namespace

void IntakeDesk::take(connector::Received received, Answer answer) {
  auto exchange = std::make_shared<Exchange>();
  exchange->received = std::move(received);
  exchange->caller = std::make_shared<Caller>(open_, std::move(answer));
  Exchange& it = *exchange;
  it.endpoint = parts_.snapshot.endpoint(it.received.endpoint);
  const std::string& id = it.received.endpoint;
  if (!it.endpoint) return it.finish({refusal("unknown-endpoint", "there is no endpoint " + id)});
  // Where the source asked holds() before, a pause that came since finds the message on its way.
  const bool may_wait = !it.received.admitted;
  if (may_wait && parts_.pauses.endpoint(id))
    return it.finish({later("paused", "the endpoint is paused")});
  try {
    if (it.received.body.size() > it.endpoint->spec.xml.bytes_max ||
        it.received.encoded.size() > it.endpoint->spec.xml.bytes_max) {
      throw Error(ErrorKind::rejected, "too-large", "the message is larger than the limit");
    }
    const auto* route = parts_.snapshot.inbound(id, {});
    if (route && route->mode == route::Mode::pass_through) {
      if (is_late(it)) throw Error(ErrorKind::rejected, kExpired, kCameLate);
      if (may_wait && parts_.pauses.holds(*route))
        return it.finish({later("paused", "the route is paused")});
      it.caller->enter(*route);
      parts_.metrics.received(id, "passed");
      return parts_.forward(*route, std::move(it.received),
                            [caller = it.caller](connector::IntakeAnswer given) {
                              caller->finish(std::move(given));
                            });
    }
    it.document = it.received.document ? std::move(it.received.document)
                                       : parts_.snapshot.reader->read(it.received.body);
    it.origin = {it.received.message_id, it.received.sender, it.document->document_element().name(),
                 id, parts_.business.now()};
    it.route = parts_.snapshot.inbound(id, it.origin.type);
    if (!it.route)
      throw Error(ErrorKind::rejected, "unknown-type",
                  "no route takes " + it.origin.type + " from here");
    const auto* const as_read = it.document.get();
    it.document = through_gate(*it.endpoint, std::move(it.document), it.received.body);
    it.as_read = it.document.get() == as_read;
    if (may_wait && parts_.pauses.holds(*it.route))
      return it.finish({later("paused", "the route is paused")});
    it.caller->enter(*it.route);
    route::fill_message(it.origin, it.variables);
    if (it.route->mode == route::Mode::query) {
      if (is_late(it)) throw Error(ErrorKind::rejected, kExpired, kCameLate);
      return query(exchange);
    }
    split(it);
    journal(exchange);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::rejected) {
      refuse(id, it.received.sender, error.code(), error.what());
      return it.finish({refusal(error.code(), error.what())});
    }
    parts_.metrics.received(id, "later");
    it.finish({later(error.code(), "the message could not be taken in")});
  } catch (const std::exception& error) {
    parts_.metrics.received(id, "later");
    it.finish({later("internal", "the message could not be taken in")});
  }
}

void IntakeDesk::split(Exchange& exchange) {
  if (!exchange.route->parts) {
    Part whole;
    whole.document = exchange.document;
    whole.payload = std::move(exchange.received.body);
    exchange.parts.push_back(std::move(whole));
    return;
  }
  for (const auto& node : parts_of(*exchange.route, exchange.frame(exchange.document))) {
    Part part;
    part.document = part_document(node, exchange.as_read, *parts_.snapshot.reader, part.payload);
    exchange.parts.push_back(std::move(part));
  }
}

// Another one with the same key was faster: now it is a duplicate.
void IntakeDesk::journal_again(const ExchangePtr& exchange) {
  try {
    journal(exchange);
  } catch (const std::exception&) {
    parts_.metrics.received(exchange->endpoint->spec.id, "later");
    exchange->finish({later("internal", "the message could not be taken in")});
  }
}

// The store's unique keys tell a repetition, which is rare, so only after one of them has, or where
// something is refused or fails, does it pay to look the keys up.
void IntakeDesk::journal(const ExchangePtr& exchange) {
  Exchange& it = *exchange;
  bool prepared = false;
  try {
    prepared = it.tries == 0 && prepare(it, LookUp::no);
  } catch (const std::exception&) {
    if (it.endpoint->keys.empty()) throw;
  }
  if (!prepared) prepare(it, LookUp::yes);
  std::vector<Document> documents;
  auto transaction = transaction_of(it, documents);
  if (transaction.journal.empty() && transaction.audit.empty() && transaction.keys.empty())
    return committed(exchange, {});
  if (planted("acknowledge-before-commit") && !it.route->has_reply())
    exchange->finish(connector::IntakeAnswer(it.parts.size()));
  parts_.journal.submit(
      std::move(transaction),
      [this, exchange](const store::Commit& commit) { committed(exchange, commit); },
      std::move(documents));
}

// False: without looking its keys up it would be refused, which a repetition of what was taken is
// not.
bool IntakeDesk::prepare(Exchange& exchange, LookUp look_up) {
  exchange.keys.clear();
  exchange.letters.clear();
  for (auto& part : exchange.parts) {
    Part fresh;
    fresh.document = std::move(part.document);
    fresh.payload = std::move(part.payload);
    part = std::move(fresh);
  }
  look_up_message(exchange, look_up);
  bool refused = false;
  for (std::size_t at = 0; at < exchange.parts.size(); ++at) {
    Part& part = exchange.parts[at];
    const auto known = [&part] {
      return part.answer || part.duplicate_of != 0 || part.twin_of >= 0;
    };
    if (!known()) look_up_part(exchange, part, look_up);
    if (!known()) look_up_twin(exchange, at, look_up);
    // Only now: a repetition of what came in time gets the answer that it got.
    if (!known() && is_late(exchange)) part.answer = refusal(kExpired, kCameLate);
    if (!known() && passes_filters(exchange, part)) find_case(exchange, part);
    refused = refused || part.refused();
  }
  return !refused || look_up == LookUp::yes || exchange.endpoint->keys.empty();
}

// A message that comes again as a whole: parts with keys of their own are looked up by these; the
// others are the parts of the first one's envelope.
void IntakeDesk::look_up_message(Exchange& exchange, LookUp look_up) {
  Part probe;
  const auto frame = exchange.frame(exchange.document);
  const bool again = look_up_keys(exchange, probe, frame, false, look_up);
  exchange.keys = probe.keys;
  if (probe.answer) {
    for (auto& part : exchange.parts) part.answer = probe.answer;
    return;
  }
  if (!again) return;
  exchange.keys.clear();
  const bool parts_have_keys =
      std::any_of(exchange.endpoint->keys.begin(), exchange.endpoint->keys.end(),
                  [](const auto& key) { return key.of_part; });
  if (parts_have_keys) return;
  if (!exchange.route->parts) {
    exchange.parts[0].duplicate_of = probe.duplicate_of;
    return;
  }
  // A part that was refused the first time has no row: it is looked at again.
  auto rows = parts_.store.journal_parts(probe.duplicate_of);
  if (rows.empty()) {
    if (auto only = parts_.store.find_journal(probe.duplicate_of)) rows.push_back(std::move(*only));
  }
  for (const auto& row : rows) {
    const auto place = static_cast<std::size_t>(row.serial);
    if (row.origin == 0 && place < exchange.parts.size())
      exchange.parts[place].duplicate_of = row.id;
  }
}

// The same part twice in one message is one part; with the same key and other content it is
// refused.
void IntakeDesk::look_up_twin(Exchange& exchange, std::size_t at, LookUp look_up) {
  Part& part = exchange.parts[at];
  for (std::size_t before = 0; before < at; ++before) {
    for (const auto& key : exchange.parts[before].keys) {
      const auto same = std::find_if(part.keys.begin(), part.keys.end(), [&](const auto& own) {
        return own.name == key.name && own.value == key.value;
      });
      if (same == part.keys.end()) continue;
      if (same->digest == key.digest) {
        part.twin_of = static_cast<int>(before);
        return;
      }
      part.answer = differs(key.name);
      if (look_up == LookUp::yes) parts_.metrics.alarm("duplicate-differs");
      return;
    }
  }
}

void IntakeDesk::look_up_part(Exchange& exchange, Part& part, LookUp look_up) {
  look_up_keys(exchange, part, exchange.frame(part.document), true, look_up);
}

// Whether it came before: then `part.duplicate_of` is set, or `part.answer` where its content
// differs. Where nothing is looked up, the keys are only put down.
bool IntakeDesk::look_up_keys(Exchange& exchange, Part& part, const expression::Frame& frame,
                              bool of_part, LookUp look_up) {
  if (planted("deduplication-off")) return false;
  for (const auto& key : exchange.endpoint->keys) {
    if (key.of_part != of_part) continue;
    const auto value = key.key.evaluate_optional(frame);
    if (!value.is_set() || value.as<std::string>().empty())
      continue;  // an absent key does not count
    store::KeyRow row;
    row.endpoint = exchange.endpoint->spec.id;
    row.name = key.name;
    row.value = value.as<std::string>();
    row.digest = content_digest(key.same, frame);
    row.expires = parts_.business.now() + key.keep.fixed;
    std::optional<store::KeyRow> first;
    if (look_up == LookUp::yes) first = parts_.store.find_key(row.endpoint, row.name, row.value);
    if (first && first->expires > parts_.business.now()) {
      if (first->digest == row.digest) {
        part.duplicate_of = first->journal;
        parts_.metrics.received(row.endpoint, "duplicate");
        return true;
      }
      part.answer = differs(row.name);
      parts_.metrics.alarm("duplicate-differs");
      return true;
    }
    part.keys.push_back(std::move(row));
  }
  return false;
}

bool IntakeDesk::is_late(const Exchange& exchange) const {
  return exchange.received.expires && *exchange.received.expires <= parts_.business.now();
}

// False: a filter lets it go no further. It is recorded under its keys, and nothing else.
bool IntakeDesk::passes_filters(Exchange& exchange, Part& part) {
  const auto frame = exchange.frame(part.document);
  for (const auto& filter : exchange.route->filters) {
    if (filter.evaluate(frame).as<bool>()) continue;
    part.record = part.filtered = true;
    part.answer = PartAnswer{};
    return false;
  }
  return true;
}

void IntakeDesk::find_case(Exchange& exchange, Part& part) {
  const std::string own_key = find_existing(exchange, part);
  if (part.case_key.empty()) without_case(exchange, part, own_key);
}

// Sets `part.case_key` where there is a case; returns the key that the message itself names.
std::string IntakeDesk::find_existing(Exchange& exchange, Part& part) const {
  const auto frame = exchange.frame(part.document);
  std::string own_key;
  for (const auto& find : exchange.route->finds) {
    const auto value = find.value.evaluate_optional(frame);
    if (!value.is_set()) continue;
    const std::string text = value.as<std::string>();
    if (text.empty()) continue;
    if (!find.alias.empty()) {
      if (const auto key = parts_.store.find_alias(find.alias, text)) {
        part.case_key = *key;
        return own_key;
      }
      continue;
    }
    if (own_key.empty()) own_key = text;
    if (const auto key = parts_.store.find_case_key(text, "key")) {
      part.case_key = *key;
      return own_key;
    }
  }
  return own_key;
}

void IntakeDesk::without_case(Exchange& exchange, Part& part, const std::string& own_key) {
  const route::NoCase& rule = exchange.route->no_case;
  switch (rule.action) {
    case route::NoCase::Do::open:
      part.case_key = own_key;
      if (own_key.empty()) part.answer = refusal("no-key", "the message does not say its key");
      return;
    case route::NoCase::Do::record: part.record = true; break;
    case route::NoCase::Do::keep:
      part.keep = true;
      break;
    case route::NoCase::Do::refuse:
      part.answer = refusal(rule.code, "there is no such case");
      break;
  }
  if (rule.reply.empty()) {
    if (!part.answer) part.answer = PartAnswer{};
    return;
  }
  route::Flow flow;
  flow.document = part.document;
  flow.variables = exchange.variables;
  (void)exchange.route->replies.find(rule.reply)->second.run(flow);
  part.answer = PartAnswer{PartAnswer::Kind::replied, {}, {}, flow.document};
}

store::Transaction IntakeDesk::transaction_of(Exchange& exchange,
                                              std::vector<Document>& documents) {
  store::Transaction transaction;
  for (std::size_t at = 0; at < exchange.parts.size(); ++at) {
    Part& part = exchange.parts[at];
    if (part.duplicate_of || part.twin_of >= 0) continue;
    if (part.refused()) {
      if (!may_audit(exchange.received.sender)) continue;
      store::AuditRow audit;
      audit.kind = "refused";
      audit.name = part.answer->code;
      audit.text = part.answer->text;
      audit.reference = exchange.received.message_id;
      transaction.audit.push_back(std::move(audit));
      continue;
    }
    put_part(exchange, part, transaction);
    transaction.journal.back().serial = static_cast<std::int64_t>(at);
    documents.push_back(part.document);
  }
  if (!transaction.journal.empty()) {
    const auto count = static_cast<int>(transaction.journal.size());
    for (int at = 0; at < count; ++at) {
      transaction.journal[static_cast<std::size_t>(at)].part = at;
      transaction.journal[static_cast<std::size_t>(at)].parts = count;
    }
    for (auto& key : exchange.keys) transaction.keys.push_back(std::move(key));
    return transaction;
  }
  // Nothing of it is new, but its own key is: it belongs to what its parts repeat.
  const auto again = std::find_if(exchange.parts.begin(), exchange.parts.end(),
                                  [](const Part& part) { return part.duplicate_of != 0; });
  if (again == exchange.parts.end()) return transaction;
  for (auto& key : exchange.keys) {
    key.journal_index = -1;
    key.journal = again->duplicate_of;
    transaction.keys.push_back(std::move(key));
  }
  return transaction;
}

void IntakeDesk::put_part(Exchange& exchange, Part& part, store::Transaction& transaction) {
  part.journal_index = static_cast<int>(transaction.journal.size());
  store::JournalRow row;
  row.case_key = part.case_key;
  row.partition = partition_of(part.case_key);
  row.endpoint = exchange.endpoint->spec.id;
  row.route = exchange.route->id;
  row.name = exchange.origin.type;
  row.sender = exchange.received.sender;
  row.message_id = exchange.received.message_id;
  row.headers = connector::write_headers(exchange.received.headers);
  row.payload = part.payload;
  row.snapshot = parts_.snapshot.hash;
  row.owes_reply = exchange.route->has_reply();
  row.state = part.keep     ? store::JournalState::dead
              : part.record ? store::JournalState::done
                            : row.state;
  store::AuditRow audit;
  audit.case_key = row.case_key;
  audit.partition = row.partition;
  audit.kind = part.keep       ? "kept"
               : part.filtered ? "filtered"
               : part.record   ? "recorded"
                               : "received";
  audit.name = row.name;
  audit.reference = row.message_id;
  audit.text = "from " + row.sender;
  transaction.audit.push_back(std::move(audit));
  if (part.keep) {
    store::DeadLetterRow letter =
        dead_letter_row(row.route, "find", "no-such-case", "the message found no case");
    letter.journal_index = part.journal_index;
    letter.endpoint = row.endpoint;
    letter.original = row.payload;
    letter.snapshot = row.snapshot;
    letter.at = exchange.origin.received.value_or(Instant{});
    exchange.letters.push_back(logged_letter(letter, row.message_id, exchange.received.headers));
    transaction.dead_letters.push_back(std::move(letter));
  }
  if (part.answer && row.owes_reply) {
    const bool has_document = part.answer->document != nullptr;
    store::ReplyRow reply;
    reply.journal_index = part.journal_index;
    reply.body = has_document ? write_xml(*part.answer->document) : "";
    transaction.replies.push_back(std::move(reply));
  }
  for (auto& key : part.keys) {
    key.journal_index = part.journal_index;
    transaction.keys.push_back(std::move(key));
  }
  transaction.journal.push_back(std::move(row));
}

void IntakeDesk::committed(const ExchangePtr& exchange, const store::Commit& commit) {
  Exchange& it = *exchange;
  const std::string& id = it.endpoint->spec.id;
  if (commit.status == store::CommitStatus::conflict && commit.conflict == "key" &&
      ++it.tries <= kTriesMax) {
    return parts_.executor.post([this, exchange] { journal_again(exchange); });
  }
  if (commit.status != store::CommitStatus::committed) {
    parts_.metrics.received(id, "later");
    return it.finish({later("store", "the message could not be made durable")});
  }
  for (const Part& part : it.parts) {
    if (part.twin_of >= 0) parts_.metrics.received(id, "duplicate");
    if (part.filtered) parts_.metrics.filtered(it.route->id);
    if (part.keep) parts_.metrics.alarm("kept-without-case");
  }
  log_letters(parts_.executor, parts_.log, std::move(it.letters));
  const bool reads =
      it.route->has_reply() && std::any_of(it.parts.begin(), it.parts.end(),
                                           [](const Part& part) { return part.duplicate_of != 0; });
  if (!reads) return answer_or_wait(exchange, commit.journal_ids);
  parts_.executor.post(  // off the store's writer
      [this, exchange, ids = commit.journal_ids] { answer_or_wait(exchange, ids); });
}

void IntakeDesk::answer_or_wait(const ExchangePtr& exchange,
                                const std::vector<store::RowId>& journaled) {
  Exchange& it = *exchange;
  const std::string& id = it.endpoint->spec.id;
  std::vector<store::RowId> rows;
  connector::IntakeAnswer known;
  bool owed = false;
  for (const auto& part : it.parts) {
    store::RowId wait = 0;
    PartAnswer answer = part.answer.value_or(PartAnswer{});
    if (part.twin_of >= 0) {
      wait = rows.at(static_cast<std::size_t>(part.twin_of));
      answer = known.at(static_cast<std::size_t>(part.twin_of));
    } else if (part.duplicate_of) {
      if (it.route->has_reply()) answer = stored(part.duplicate_of, wait);
    } else if (!part.answer) {
      parts_.metrics.received(id, "accepted");
      if (it.route->has_reply()) wait = journaled.at(static_cast<std::size_t>(part.journal_index));
    } else {
      parts_.metrics.received(
          id, part.answer->kind == PartAnswer::Kind::refused ? "refused" : "accepted");
    }
    owed = owed || wait != 0;
    rows.push_back(wait);
    known.push_back(std::move(answer));
  }
  if (!owed)
    return it.finish(aggregated(*it.route, it.origin, std::move(known), parts_.metrics));
  wait_for(exchange, std::move(rows), std::move(known));
}

// The first one's reply where it is there already; otherwise `wait` is the row that will have it. A
// dead letter owes it until a retry has made it (ENGINE.md 23).
PartAnswer IntakeDesk::stored(store::RowId journal, store::RowId& wait) const {
  try {
    const auto reply = parts_.store.find_reply(journal);
    if (!reply) {
      const auto row = parts_.store.find_journal(journal);
      if (row && row->state == store::JournalState::dead) return in_doubt();
      wait = journal;
      return {};
    }
    if (!reply->code.empty()) return refusal(reply->code, reply->body);
    if (reply->body.empty()) return {};
    return {PartAnswer::Kind::replied, {}, {}, parts_.snapshot.reader->read(reply->body)};
  } catch (const std::exception& error) {
    return later(typed_failure(error).code(), "the reply could not be read");
  }
}

// What answers the caller. It holds no message longer than it must.
connector::Intake::Answer IntakeDesk::finisher(const Exchange& exchange) {
  auto finish = [caller = exchange.caller](connector::IntakeAnswer answer) {
    caller->finish(std::move(answer));
  };
  if (!exchange.route->aggregate) return finish;
  return [this, finish, route = exchange.route, origin = exchange.origin](
             connector::IntakeAnswer answer) {
    finish(aggregated(*route, origin, std::move(answer), parts_.metrics));
  };
}

void IntakeDesk::wait_for(const ExchangePtr& exchange, std::vector<store::RowId> rows,
                          connector::IntakeAnswer known) {
  // Of a row just journaled nobody can have answered yet, but where the exchange had to read first.
  const bool may_be_there = std::any_of(exchange->parts.begin(), exchange->parts.end(),
                                        [](const Part& part) { return part.duplicate_of != 0; });
  const auto waited = may_be_there ? rows : std::vector<store::RowId>();
  auto ticket = parts_.replies.wait({std::move(rows), std::move(known), finisher(*exchange)});
  parts_.executor.post_after(exchange->endpoint->spec.timeout,
                             [this, ticket] { parts_.replies.expire(ticket); });
  // A duplicate's first reply may have been committed between looking and waiting.
  for (const auto row : waited) {
    if (row == 0) continue;
    store::RowId still = 0;
    const PartAnswer answer = stored(row, still);
    if (still == 0) parts_.replies.deliver(row, answer);
  }
}

void IntakeDesk::refused(std::string endpoint, std::string code, std::string text) {
  const auto* known = parts_.snapshot.endpoint(endpoint);
  refuse(endpoint, known ? known->spec.partner : std::string(), code, text);
}

void IntakeDesk::refuse(const std::string& endpoint, const std::string& partner,
                        const std::string& code, const std::string& text) {
  parts_.metrics.received(endpoint, "refused");
  if (!may_audit(partner)) return;
  store::Transaction transaction;
  store::AuditRow audit;
  audit.kind = "refused";
  audit.name = code;
  audit.text = endpoint + ": " + text;
  transaction.audit.push_back(std::move(audit));
  parts_.journal.submit(std::move(transaction), {});
}

// At most so many audit rows a minute and partner; the metrics count them all.
bool IntakeDesk::may_audit(const std::string& partner) {
  const auto now = parts_.steady.now();
  return minutes_.with([&](auto& minutes) {
    Minute& minute = minutes[partner];
    if (now - minute.since >= std::chrono::minutes(1)) minute = {now, 0};
    return ++minute.refusals <= parts_.snapshot.hub.refusals_audited_per_minute;
  });
}

}  // namespace masar::engine
