#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/executor.h"
#include "core/base/log.h"
#include "core/connector/trace.h"
#include "core/store/store.h"

namespace masar::engine {

/// A dead letter with its place and cause, and the fingerprint by which equal causes group. Whoever
/// writes it adds what was being done (journal row or effect), bytes and time.
store::DeadLetterRow dead_letter_row(const std::string& route, const std::string& step,
                                     const std::string& code, const std::string& text);

/// A dead letter's line in the log, once it is committed.
struct LoggedLetter {
  std::string text;
  LogIds ids;
};

/// `message`: the message-id of what came, or of the effect; `headers`: with its trace.
LoggedLetter logged_letter(const store::DeadLetterRow& letter, const std::string& message,
                           const connector::Headers& headers);
/// By the executor, for writing a log is not the work of the store's writer. The log outlives it.
void log_letters(Executor& executor, const Log& log, std::vector<LoggedLetter> letters);

/// A timeline row about an operator's act; `case_key` may be empty.
store::AuditRow operator_audit(const std::string& case_key, const std::string& name,
                               const std::string& text);

/// The first of the headers with that name, or empty.
std::string header_value(const std::vector<std::pair<std::string, std::string>>& headers,
                         std::string_view name);

/// An effect's outbox row. Throws Error(rejected, "unknown-effect") where it is not there.
store::OutboxRow effect_of(store::Store& store, const std::string& id);

inline constexpr std::size_t kCaseTasksMax = 500;  ///< tasks of one case that are looked through

/// The tasks that stand for a dead letter, in any state or only in one, among those of the case.
std::vector<store::TaskRow> tasks_of_letter(store::Store& store, std::int64_t letter,
                                            const std::string& case_key,
                                            std::optional<store::TaskState> state = {});

}  // namespace masar::engine
