#include "core/store/postgres_group.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/store/columns.h"
#include "core/store/postgres_arrays.h"
#include "core/store/search_fields.h"

namespace masar::store {
namespace {

constexpr const char* kEndSettings = "DELETE FROM settings WHERE name = ANY($1::text[])";

/// The columns of a list.
std::vector<std::string> split(std::string_view columns) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < columns.size();) {
    const std::size_t end = std::min(columns.find(',', at), columns.size());
    all.emplace_back(columns.substr(at, end - at));
    at = std::min(columns.find_first_not_of(", ", end), columns.size());
  }
  return all;
}

/// Each as `format` makes it, with commas between.
template <typename Format>
std::string listed(std::string_view columns, const Format& format) {
  std::string all;
  for (const std::string& column : split(columns)) {
    all += (all.empty() ? "" : ", ") + format(column);
  }
  return all;
}

/// `(SELECT unnest($1::text[]) AS name, …) AS n`: arrays as rows again. In this place they are gone
/// through side by side; in FROM each would first be put aside as a table of its own, which costs
/// the server about as much as all that is then done with a row.
std::string rows_n(std::string_view columns, const std::vector<const char*>& types) {
  std::size_t at = 0;
  const auto taken = listed(columns, [&](const std::string& column) {
    const char* const type = types.at(at++);
    return "unnest($" + std::to_string(at) + "::" + type + "[]) AS " + column;
  });
  return "(SELECT " + taken + ") AS n";
}

std::string insert(const std::string& table, std::string_view columns, const PostgresArrays& rows,
                   const std::string& conflict = {}) {
  return "INSERT INTO " + table + '(' + std::string(columns) + ") SELECT * FROM " +
         rows_n(columns, rows.types()) + conflict;
}

/// `SELECT columns FROM arrays JOIN table`, where all of `by` are equal.
std::string look_up_by(const std::string& table, std::string_view columns, std::string_view by,
                       const std::vector<const char*>& types) {
  std::string equal;
  for (const std::string& column : split(by)) {
    equal += (equal.empty() ? " ON t." : " AND t.") + column + " = n." + column;
  }
  return "SELECT " + listed(columns, [](const std::string& c) { return "t." + c; }) + " FROM " +
         rows_n(by, types) + " JOIN " + table + " t" + equal;
}

/// ` ON CONFLICT(key) DO UPDATE SET a = excluded.a, …` for all the columns but the key's.
std::string replacing(std::string_view key, std::string_view columns) {
  return " ON CONFLICT(" + std::string(key) + ") DO UPDATE SET " +
         listed(columns, [](const std::string& c) { return c + " = excluded." + c; });
}

/// An empty row of a type, for the types of its columns.
template <typename Row>
PostgresArrays sample() {
  PostgresArrays rows;
  const Row row{};
  visit_columns(row, rows.row());
  return rows;
}

template <typename... Values>
PostgresArrays like(const Values&... values) {
  PostgresArrays rows;
  rows.row()(values...);
  return rows;
}

void add(PostgresGroup::Writing& writing, const char* sql, const PostgresArrays& rows) {
  if (rows.rows() > 0) writing.push_back({sql, rows.parameters()});
}
void add(PostgresGroup::Writing& writing, const std::string& sql, const PostgresArrays& rows) {
  add(writing, sql.c_str(), rows);
}

/// checked_change() for an update by rows_n().
std::string each_checked(const std::string& update, const std::vector<const char*>& types) {
  return checked_change(update, std::string("cardinality($1::") + types.front() + "[])");
}

/// A due time of an effect that the database does not have; then it has no due time of it either.
bool is_of_new_effect(const TimerRow& row, const GroupPlan& plan) {
  if (row.kind != TimerKind::task_after && row.kind != TimerKind::not_after) return false;
  const GroupPlan::Effect* const effect = plan.outbox.find(row.name);
  return effect != nullptr && effect->row != nullptr && !effect->stored;
}

void put_case(const CaseRow& row, const std::string& search, PostgresArrays& rows) {
  visit_columns(row, rows.row());
  rows.blob(search);
}

}  // namespace

// PostgreSQL undoes the transaction where a statement of it fails, and runs none after it.
std::string checked_change(const std::string& update, const std::string& count) {
  return "WITH changed AS (" + update + " RETURNING 1) SELECT 1 / (count(*) = " + count +
         ")::integer FROM changed";
}

PostgresGroup::PostgresGroup() {
  const std::string text;
  const std::int64_t number = 0;
  PostgresArrays case_rows;
  put_case({}, {}, case_rows);
  PostgresArrays reply_rows = like(number, text);
  reply_rows.blob({});
  PostgresArrays personal_rows = like(number);
  personal_rows.blob({});
  personal_rows.blob({});

  journal_ = insert("journal", MASAR_JOURNAL_COLUMNS, sample<JournalRow>());
  keys_ = insert("keys", MASAR_KEY_COLUMNS, sample<KeyRow>());
  keys_again_ = keys_ + replacing("endpoint, name, value", "digest, journal, expires");
  cases_ = insert("cases", MASAR_CASE_COLUMNS ", search", case_rows);
  PostgresArrays updated_rows = case_rows;
  updated_rows(number);
  const std::string columns = MASAR_CASE_COLUMNS ", search";
  update_cases_ = each_checked(
      "UPDATE cases SET (" + columns + ") = (" +
          listed(columns, [](const std::string& c) { return "n." + c; }) + ") FROM " +
          rows_n(columns + ", stored", updated_rows.types()) +
          " WHERE cases.key = n.key AND cases.version = n.stored",
      updated_rows.types());
  search_ = insert("case_search", "value, field, case_key", like(text, text, text),
                   " ON CONFLICT DO NOTHING");
  search_ended_ = "DELETE FROM case_search s USING " +
                  rows_n("value, field, case_key", like(text, text, text).types()) +
                  " WHERE s.value = n.value AND s.field = n.field AND s.case_key = n.case_key";
  aliases_ = insert("aliases", "name, value, case_key, partition", like(text, text, text, number));
  aliases_again_ = aliases_ + replacing("name, value", "case_key, partition");
  aliases_ended_ = "DELETE FROM aliases a USING " +
                   rows_n("name, value", like(text, text).types()) +
                   " WHERE a.name = n.name AND a.value = n.value";
  timers_ = insert("timers", MASAR_TIMER_COLUMNS, sample<TimerRow>());
  timers_again_ =
      timers_ + replacing("case_key, kind, name, serial", "partition, due, ord, visit, working");
  timers_cleared_ = "DELETE FROM timers t USING " +
                    rows_n("case_key, kind, name, serial",
                           like(text, number, text, number).types()) +
                    " WHERE t.case_key = n.case_key AND t.kind = n.kind AND t.name = n.name AND "
                    "t.serial = n.serial";
  tasks_ =
      insert("tasks", MASAR_TASK_COLUMNS, sample<TaskRow>(), replacing("id", MASAR_TASK_COLUMNS));
  outbox_ = insert("outbox", MASAR_OUTBOX_COLUMNS, sample<OutboxRow>());
  outbox_again_ = outbox_ + replacing("id", MASAR_OUTBOX_COLUMNS);
  replies_ =
      insert("replies", "journal, code, body", reply_rows, replacing("journal", "code, body"));
  letters_ = insert("dead_letters", MASAR_DEAD_LETTER_COLUMNS, sample<DeadLetterRow>());
  audit_ = insert("audit", MASAR_AUDIT_COLUMNS, sample<AuditRow>());
  personal_ = insert("audit_personal", "audit, salt, content", personal_rows);
  heads_ = insert("audit_heads", MASAR_AUDIT_HEAD_COLUMNS, sample<AuditHead>());
  snapshots_ =
      insert("snapshots", MASAR_SNAPSHOT_COLUMNS, sample<SnapshotRow>(), " ON CONFLICT DO NOTHING");
  settings_ = insert("settings", "name, value", like(text, text), replacing("name", "value"));
  series_ = insert("series", "name, next", like(text, number), replacing("name", "next"));
  name_changes();
  name_look_ups();
}

/// What is changed by its key.
void PostgresGroup::name_changes() {
  const std::vector<const char*> outbox{"text", "bigint", "bigint", "bigint", "text",
                                        "text", "text",   "bigint", "bytea"};
  update_outbox_ = each_checked(
      "UPDATE outbox SET state = n.state, attempts = n.attempts, code = n.code, text = n.text, "
      "report = n.report, changed = n.changed, reply = coalesce(n.reply, outbox.reply) FROM " +
          rows_n("id, stored, state, attempts, code, text, report, changed, reply", outbox) +
          " WHERE outbox.id = n.id AND outbox.state = n.stored",
      outbox);
  update_heads_ = "UPDATE audit_heads SET audit = n.audit, hash = n.hash FROM " +
                  rows_n(MASAR_AUDIT_HEAD_COLUMNS, sample<AuditHead>().types()) +
                  " WHERE audit_heads.partition = n.partition";
  const std::vector<const char*> letters{"bigint", "bigint"};
  letter_states_ = each_checked("UPDATE dead_letters SET state = n.state FROM " +
                                    rows_n("id, state", letters) +
                                    " WHERE dead_letters.id = n.id AND dead_letters.state = 0",
                                letters);
  marks_ = "UPDATE journal SET state = n.state, inputs = n.inputs FROM " +
           rows_n("id, state, inputs", {"bigint", "bigint", "bytea"}) +
           " WHERE journal.id = n.id";
  attempts_ = "UPDATE journal SET attempts = attempts + n.more FROM " +
              rows_n("id, more", {"bigint", "bigint"}) + " WHERE journal.id = n.id";
}

/// What a plan must know, by index for each of the wanted values.
void PostgresGroup::name_look_ups() {
  find_keys_ = look_up_by("keys", "endpoint, name, value, expires", "endpoint, name, value",
                          {"text", "text", "text"});
  find_cases_ = look_up_by("cases", "key, version, search", "key", {"text"});
  find_aliases_ =
      look_up_by("aliases", "name, value, case_key, partition", "name, value", {"text", "text"});
  find_aliases_of_cases_ = look_up_by("aliases", "name, value, case_key, partition",
                                      "case_key, name", {"text", "text"});
  find_outbox_ = look_up_by("outbox", "id, sequence, state, report", "id", {"text"});
  find_letters_ = look_up_by("dead_letters", "id, state", "id", {"bigint"});
  find_series_ = look_up_by("series", "name, next", "name", {"text"});
}

void PostgresGroup::look_up(PostgresSession& session, const GroupPlan::Wanted& wanted,
                            GroupPlan& plan) const {
  if (wanted.empty()) return;
  std::vector<PostgresCommand> commands;
  const auto ask = [&](const std::string& sql, const auto& set, const auto& put) {
    if (set.empty()) return false;
    PostgresArrays rows;
    for (const auto& element : set) put(element, rows.row());
    commands.push_back({sql.c_str(), rows.parameters()});
    return true;
  };
  const auto one = [](const auto& value, PostgresArrays& rows) { rows(value); };
  const auto two = [](const GroupPlan::Pair& p, PostgresArrays& rows) { rows(p.first, p.second); };
  const auto three = [](const GroupPlan::Triple& t, PostgresArrays& rows) {
    rows(std::get<0>(t), std::get<1>(t), std::get<2>(t));
  };
  const bool keys = ask(find_keys_, wanted.keys, three);
  const bool cases = ask(find_cases_, wanted.cases, one);
  const bool aliases = ask(find_aliases_, wanted.aliases, two);
  const bool of_cases = ask(find_aliases_of_cases_, wanted.aliases_ended, two);
  const bool outbox = ask(find_outbox_, wanted.outbox, one);
  const bool letters = ask(find_letters_, wanted.dead_letters, one);
  const bool series = ask(find_series_, wanted.series, one);

  const std::vector<PostgresResult> answers = session.run(commands);
  std::size_t next = 0;
  const auto each = [&](bool asked, const auto& know) {
    if (!asked) return;
    const PostgresResult& answer = answers.at(next++);
    for (int row = 0; row < answer.rows(); ++row) know(PostgresRow(answer, row));
  };
  each(keys, [&](const PostgresRow& r) {
    plan.keys.know({r.bytes(0), r.bytes(1), r.bytes(2)},
                   {Instant(Duration(r.integer(3))), nullptr, true});
  });
  each(cases, [&](const PostgresRow& r) {
    plan.cases.know(r.bytes(0), {r.integer(1), r.bytes(2), r.integer(1), r.bytes(2)});
  });
  const auto know_alias = [&](const PostgresRow& r) {
    plan.aliases.know({r.bytes(0), r.bytes(1)},
                      {r.bytes(2), r.bytes(2), static_cast<int>(r.integer(3))});
  };
  each(aliases, know_alias);
  each(of_cases, know_alias);
  each(outbox, [&](const PostgresRow& r) {
    plan.outbox.know(r.bytes(0), GroupPlan::as_stored(
                                     r.integer(1), static_cast<OutboxState>(r.integer(2)),
                                     r.bytes(3)));
  });
  each(letters, [&](const PostgresRow& r) {
    plan.letter_states.know(r.integer(0), static_cast<DeadLetterState>(r.integer(1)));
  });
  each(series, [&](const PostgresRow& r) { plan.series.know(r.bytes(0), r.integer(1)); });
}

PostgresGroup::Writing PostgresGroup::writing(const GroupPlan& plan,
                                              const std::vector<AuditHead>& heads,
                                              const std::set<int>& stored) const {
  Writing writing;
  write_journal(plan, writing);
  write_keys(plan, writing);
  write_cases(plan, writing);
  write_aliases(plan, writing);
  write_timers(plan, writing);
  write_tasks(plan, writing);
  write_outbox(plan, writing);
  write_replies_and_letters(plan, writing);
  write_audit(plan, writing);
  write_heads(heads, stored, writing);
  write_snapshots(plan, writing);
  write_settings(plan, writing);
  return writing;
}

void PostgresGroup::write_journal(const GroupPlan& plan, Writing& writing) const {
  PostgresArrays rows;
  for (const GroupPlan::Journal& entry : plan.journal) {
    const Lent envelope(entry.row->envelope, entry.envelope);
    visit_columns(*entry.row, rows.row());
  }
  add(writing, journal_, rows);
  PostgresArrays marked;
  for (const auto& [id, mark] : plan.marks) {
    marked.row()(id, mark->state);
    marked.blob(mark->inputs);
  }
  add(writing, marks_, marked);
  PostgresArrays counted;
  for (const auto& [id, more] : plan.attempts_counted) counted.row()(id, more);
  add(writing, attempts_, counted);
}

void PostgresGroup::write_keys(const GroupPlan& plan, Writing& writing) const {
  PostgresArrays fresh;
  PostgresArrays again;
  for (const auto& [key, state] : plan.keys.changed()) {
    visit_columns(*state->row, (state->stored ? again : fresh).row());
  }
  add(writing, keys_, fresh);
  add(writing, keys_again_, again);
}

void PostgresGroup::write_cases(const GroupPlan& plan, Writing& writing) const {
  PostgresArrays fresh;
  PostgresArrays updated;
  PostgresArrays ended;
  PostgresArrays found;
  for (const auto& [key, state] : plan.cases.changed()) {
    if (state->stored_version == 0) {
      put_case(*state->row, state->search, fresh);
    } else {
      put_case(*state->row, state->search, updated);
      updated(state->stored_version);
    }
    if (state->search == state->stored_search) continue;
    for (const auto& [field, value] : decode_search(state->stored_search)) {
      ended.row()(value, field, *key);
    }
    for (const auto& [field, value] : decode_search(state->search)) {
      found.row()(value, field, *key);
    }
  }
  add(writing, cases_, fresh);
  add(writing, update_cases_, updated);
  add(writing, search_ended_, ended);
  add(writing, search_, found);
}

void PostgresGroup::write_aliases(const GroupPlan& plan, Writing& writing) const {
  PostgresArrays ended;
  PostgresArrays fresh;
  PostgresArrays again;
  for (const auto& [alias, holder] : plan.aliases.changed()) {
    if (holder->case_key.empty()) {
      ended.row()(alias->first, alias->second);
    } else {
      (holder->stored_case.empty() ? fresh : again)
          .row()(alias->first, alias->second, holder->case_key, holder->partition);
    }
  }
  add(writing, aliases_ended_, ended);
  add(writing, aliases_, fresh);
  add(writing, aliases_again_, again);
}

void PostgresGroup::write_timers(const GroupPlan& plan, Writing& writing) const {
  PostgresArrays cleared;
  PostgresArrays fresh;
  PostgresArrays again;
  for (const auto& [key, row] : plan.timers) {
    if (row == nullptr) {
      std::apply([&](const auto&... part) { cleared.row()(part...); }, key);
    } else {
      visit_columns(*row, (is_of_new_effect(*row, plan) ? fresh : again).row());
    }
  }
  add(writing, timers_cleared_, cleared);
  add(writing, timers_, fresh);
  add(writing, timers_again_, again);
}

void PostgresGroup::write_tasks(const GroupPlan& plan, Writing& writing) const {
  PostgresArrays rows;
  for (const GroupPlan::Task& task : plan.tasks) {
    const Lent effect(task.row->effect, task.effect);
    visit_columns(*task.row, rows.row());
  }
  add(writing, tasks_, rows);
}

void PostgresGroup::write_outbox(const GroupPlan& plan, Writing& writing) const {
  PostgresArrays fresh;
  PostgresArrays again;
  PostgresArrays updated;
  for (const auto& [id, effect] : plan.outbox.changed()) {
    if (effect->row == nullptr) {
      updated.row()(*id, effect->stored_state, effect->state, effect->attempts, effect->code,
                    effect->text, effect->report, effect->changed);
      updated.blob(effect->reply);
      continue;
    }
    OutboxRow& row = *effect->row;
    const bool later = effect->updated;
    const Lent created(row.created, effect->created);
    const Lent changed(row.changed, effect->changed);
    const Lent state(row.state, effect->state);
    const Lent report(row.report, effect->report);
    const Lent attempts(row.attempts, later ? effect->attempts : row.attempts);
    const Lent code(row.code, later ? effect->code : row.code);
    const Lent text(row.text, later ? effect->text : row.text);
    const Lent reply(row.reply, effect->reply.empty() ? row.reply : effect->reply);
    visit_columns(row, (effect->stored ? again : fresh).row());
  }
  add(writing, outbox_, fresh);
  add(writing, outbox_again_, again);
  add(writing, update_outbox_, updated);
}

void PostgresGroup::write_replies_and_letters(const GroupPlan& plan, Writing& writing) const {
  PostgresArrays replies;
  for (const auto& [journal, row] : plan.replies) {
    replies.row()(journal, row->code);
    replies.blob(row->body);
  }
  add(writing, replies_, replies);
  PostgresArrays letters;
  for (const auto& [row, at] : plan.dead_letters) {
    const Lent dated(row->at, at);
    visit_columns(*row, letters.row());
  }
  add(writing, letters_, letters);
  PostgresArrays states;
  for (const auto& [id, state] : plan.letter_states.changed()) states.row()(*id, *state);
  add(writing, letter_states_, states);
}

void PostgresGroup::write_audit(const GroupPlan& plan, Writing& writing) const {
  PostgresArrays rows;
  PostgresArrays personal;
  for (const auto& [row, at] : plan.audit) {
    const Lent dated(row->at, at);
    visit_columns(*row, rows.row());
    if (row->personal.empty()) continue;
    personal.row()(row->id);
    personal.blob(row->salt);
    personal.blob(row->personal);
  }
  add(writing, audit_, rows);
  add(writing, personal_, personal);
}

void PostgresGroup::write_heads(const std::vector<AuditHead>& heads, const std::set<int>& stored,
                                Writing& writing) const {
  PostgresArrays fresh;
  PostgresArrays updated;
  for (const AuditHead& row : heads) {
    visit_columns(row, (stored.contains(row.partition) ? updated : fresh).row());
  }
  add(writing, heads_, fresh);
  add(writing, update_heads_, updated);
}

void PostgresGroup::write_snapshots(const GroupPlan& plan, Writing& writing) const {
  PostgresArrays snapshots;
  for (const auto& [hash, dated] : plan.snapshots) {
    const Lent created(dated.row->created, dated.at);
    visit_columns(*dated.row, snapshots.row());
  }
  add(writing, snapshots_, snapshots);
}

void PostgresGroup::write_settings(const GroupPlan& plan, Writing& writing) const {
  PostgresArrays set;
  PostgresArrays ended;
  for (const auto& [name, value] : plan.settings) {
    value.empty() ? ended.row()(name) : set.row()(name, value);
  }
  add(writing, kEndSettings, ended);
  add(writing, settings_, set);
  PostgresArrays numbers;
  for (const auto& [name, next] : plan.series.changed()) numbers.row()(*name, *next);
  add(writing, series_, numbers);
}

}  // namespace masar::store
