#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/store/row_reader.h"

namespace masar::store {

/// The highest id whose stamp is before `at`, found by halves, because a stamp never goes back
/// (FORMAT.md, "Invariants"). `highest`: that of the newest row. `next(after)` gives id and stamp
/// of the first row behind an id; rows that are gone leave gaps and no more.
template <typename Next>
RowId last_before(Instant at, RowId highest, const Next& next) {
  RowId low = 0;         // rows up to here are before
  RowId high = highest;  // rows behind it are not
  while (low < high) {
    const RowId middle = low + (high - low) / 2;
    const std::optional<std::pair<RowId, Instant>> row = next(middle);
    if (row && row->second < at) {
      low = row->first;
    } else {
      high = middle;
    }
  }
  return low;
}

// What a store reads of messages by type and time, as in row_reader.h.

namespace reads {

inline constexpr const char* kNewestJournal = "SELECT coalesce(max(id), 0) FROM journal";
inline constexpr const char* kNextStamp =
    "SELECT id, stamp FROM journal WHERE id > $1 ORDER BY id LIMIT 1";
inline constexpr const char* kMessages =
    "SELECT " MASAR_JOURNAL_COLUMNS
    ", replies.journal, code, body, "
    "(SELECT anew.case_key FROM journal AS anew INDEXED BY journal_origin "
    "WHERE anew.origin > 0 AND anew.origin = journal.id ORDER BY anew.id DESC LIMIT 1), "
    "coalesce((SELECT anew.state FROM journal AS anew INDEXED BY journal_origin "
    "WHERE anew.origin > 0 AND anew.origin = journal.id ORDER BY anew.id DESC LIMIT 1), -1) "
    "FROM journal LEFT JOIN replies ON replies.journal = journal.id "
    "WHERE id > $1 AND id <= $2 AND kind = 0 AND origin = 0 AND name = $3 ORDER BY id LIMIT $4";

template <typename Session>
RowId read_newest_journal(Session& session) {
  auto& statement = session.prepared(kNewestJournal).bind();
  const Reading reading(statement);
  return statement.step() ? statement.integer(0) : 0;
}

template <typename Session>
RowId read_journal_before(Session& session, Instant at) {
  return last_before(at, read_newest_journal(session), [&](RowId after) {
    auto& statement = session.prepared(kNextStamp).bind(after);
    const Reading reading(statement);
    std::optional<std::pair<RowId, Instant>> next;
    if (statement.step())
      next.emplace(statement.integer(0), Instant(Duration(statement.integer(1))));
    return next;
  });
}

template <typename Session>
std::vector<MessageRow> read_messages(Session& session, std::string_view type, RowId after,
                                      RowId until, std::size_t limit) {
  auto& statement = session.prepared(kMessages).bind(after, until, type, at_most(limit));
  const Reading reading(statement);
  std::vector<MessageRow> rows;
  while (statement.step()) {
    MessageRow& message = rows.emplace_back();
    Extractor columns(statement);
    visit_columns(message.row, columns);
    ReplyRow reply;
    int anew = 0;  // the state; −1: it was not journaled anew
    columns(reply.journal, reply.code);
    columns.blob(reply.body);
    columns(message.case_key, anew);
    if (reply.journal != 0) message.reply = std::move(reply);
    if (anew < 0) message.case_key = message.row.case_key;
    message.state = anew < 0 ? message.row.state : static_cast<JournalState>(anew);
  }
  return rows;
}

}  // namespace reads

}  // namespace masar::store
