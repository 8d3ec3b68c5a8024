#include "core/engine/records.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/engine/live_case.h"

namespace masar::engine {

store::DeadLetterRow dead_letter_row(const std::string& route, const std::string& step,
                                     const std::string& code, const std::string& text) {
  store::DeadLetterRow letter;
  letter.route = route;
  letter.step = step;
  letter.code = code;
  letter.text = text;
  letter.fingerprint = sha256_hex(route + "|" + step + "|" + code).substr(0, 16);
  return letter;
}

// Its text may quote the message, and is not said.
LoggedLetter logged_letter(const store::DeadLetterRow& letter, const std::string& message,
                           const connector::Headers& headers) {
  return {"a dead letter: " + letter.code + ", at " + letter.step,
          {connector::trace_id(headers), letter.route, letter.case_key, message}};
}

void log_letters(Executor& executor, const Log& log, std::vector<LoggedLetter> letters) {
  if (letters.empty()) return;
  executor.post([&log, letters = std::move(letters)] {
    for (const auto& letter : letters) log("warning", letter.text, letter.ids);
  });
}

store::AuditRow operator_audit(const std::string& case_key, const std::string& name,
                               const std::string& text) {
  store::AuditRow audit;
  audit.case_key = case_key;
  audit.partition = partition_of(case_key);
  audit.kind = "operator";
  audit.name = name;
  audit.text = text;
  return audit;
}

std::string header_value(const std::vector<std::pair<std::string, std::string>>& headers,
                         std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const auto& header) { return header.first == name; });
  return found == headers.end() ? std::string() : found->second;
}

store::OutboxRow effect_of(store::Store& store, const std::string& id) {
  auto effect = store.find_outbox(id);
  if (!effect) throw Error(ErrorKind::rejected, "unknown-effect", "there is no effect " + id);
  return std::move(*effect);
}

std::vector<store::TaskRow> tasks_of_letter(store::Store& store, std::int64_t letter,
                                            const std::string& case_key,
                                            std::optional<store::TaskState> state) {
  auto tasks = store.tasks(state, case_key, {}, kCaseTasksMax);
  std::erase_if(tasks, [id = std::to_string(letter)](const store::TaskRow& task) {
    return task.name != kDeadLetterTask || task.effect != id;
  });
  return tasks;
}

}  // namespace masar::engine
