#pragma once

#include <string>
#include <utility>

#include "core/base/hash.h"
#include "core/store/store.h"

namespace masar::contracts {

// Rows for the tests of stores: valid, small, and different in every member that a store must keep.

inline Instant at(std::int64_t seconds) { return Instant(std::chrono::seconds(seconds)); }

inline store::JournalRow journal_row(const std::string& case_key, const std::string& message_id) {
  store::JournalRow row;
  row.partition = partition_of(case_key);
  row.case_key = case_key;
  row.endpoint = "front-in";
  row.route = "intake";
  row.name = "t:Opened";
  row.sender = "front";
  row.message_id = message_id;
  row.headers = "content-type: application/xml\ncorrelation-id: 7\n";
  row.payload = "<Opened xmlns='urn:t'>" + message_id + "</Opened>";
  row.snapshot = "snapshot-1";
  return row;
}

inline store::KeyRow key_row(const std::string& value, Instant expires, int journal_index = 0) {
  store::KeyRow row;
  row.endpoint = "front-in";
  row.name = "message-id";
  row.value = value;
  row.digest = std::string("\x81\0digest-of-", 12) + value;  // bytes, not text
  row.journal_index = journal_index;
  row.expires = expires;
  return row;
}

inline store::AuditRow audit_row(const std::string& case_key, const std::string& kind) {
  store::AuditRow row;
  row.partition = partition_of(case_key);
  row.case_key = case_key;
  row.kind = kind;
  row.name = "t:Opened";
  row.state = "waiting";
  row.version = 3;
  row.reference = "ref-1";
  row.text = "taken in";
  return row;
}

inline store::CaseRow case_row(const std::string& key, std::int64_t version) {
  store::CaseRow row;
  row.key = key;
  row.partition = partition_of(key);
  row.process = "clearing";
  row.snapshot = "snapshot-1";
  row.state = "waiting";
  row.version = version;
  row.event_number = 10 + version;
  row.visit = 4;
  row.opened = at(1000);
  row.since = at(2000);
  row.data = std::string("encoded\0data", 12);
  row.service_time = std::chrono::minutes(90);
  row.search = {{"plate", "PLATE-" + key}, {"phone", "9627" + key}};
  return row;
}

inline store::AliasRow alias_row(const std::string& name, const std::string& value,
                                 const std::string& case_key) {
  return {name, value, case_key, partition_of(case_key)};
}

inline store::TimerRow timer_row(store::TimerKind kind, const std::string& case_key,
                                 const std::string& name, std::int64_t serial, Instant due,
                                 int order = 0) {
  return {kind, case_key, partition_of(case_key), name, serial, due, order, 5};
}

inline store::TaskRow task_row(const std::string& id, const std::string& case_key) {
  store::TaskRow row;
  row.id = id;
  row.case_key = case_key;
  row.partition = partition_of(case_key);
  row.name = "look";
  row.visit = 4;
  row.until = "done refused";
  row.asked = at(3000);
  row.due = at(9000);
  row.effect = "effect-9";
  row.detail = "what to look at";
  return row;
}

inline store::OutboxRow outbox_row(const std::string& id, const std::string& case_key,
                                   const std::string& endpoint = "registry") {
  store::OutboxRow row;
  row.id = id;
  row.case_key = case_key;
  row.partition = partition_of(case_key);
  row.case_version = 2;
  row.visit = 4;
  row.effect = "inquire";
  row.endpoint = endpoint;
  row.operation = "Inquire";
  row.route = "inquire";
  row.step = 3;
  row.snapshot = "snapshot-1";
  row.headers = "a: b\n";
  row.body = std::string("<Inquire>\0</Inquire>", 20);
  row.created = at(4000);
  row.not_after = at(8000);
  row.changed = at(4000);
  return row;
}

inline store::OutboxUpdate outbox_update(const std::string& id,
                                         std::vector<store::OutboxState> from,
                                         store::OutboxState to) {
  store::OutboxUpdate update;
  update.id = id;
  update.from = std::move(from);
  update.to = to;
  update.attempts = 2;
  update.code = "NOT_FOUND";
  update.text = "the registry does not know it";
  update.reply = "<fault/>";
  return update;
}

inline store::DeadLetterRow dead_letter_row(const std::string& case_key) {
  store::DeadLetterRow row;
  row.partition = partition_of(case_key);
  row.case_key = case_key;
  row.effect = "effect-1";
  row.endpoint = "front-in";
  row.route = "intake";
  row.step = "map";
  row.code = "unset-value";
  row.text = "amount is unset";
  row.fingerprint = "f00d";
  row.original = std::string("<x>\0</x>", 8);
  row.at_step = "<y/>";
  row.snapshot = "snapshot-1";
  row.attempts = 5;
  return row;
}

}  // namespace masar::contracts
