#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/expression/value.h"
#include "core/process/calendar.h"

namespace masar::process {

/// A stored due time of one case (ENGINE.md 7), identified by (case, name, serial).
struct Deadline {
  std::string name;
  std::int64_t serial = 0;  ///< counts the settings of this name in this case
  Instant due{};
  int order = 0;           ///< position of its declaration, for equal due times
  std::int64_t visit = 0;  ///< the visit that set it; 0: declared for the case
  std::optional<WorkingDue> working = {};
};

/// A question to a person (ENGINE.md 21).
struct Task {
  std::string id;          ///< case key, event number and index, joined by '.'
  std::string name;        ///< as declared in the process
  std::int64_t visit = 0;  ///< the visit that asked it; 0: of the case
  std::vector<std::string>
      until;  ///< states at whose entry it is withdrawn, where it is not of a visit
  Instant asked{};
  Instant due{};
  std::optional<WorkingDue> working = {};  ///< known to the event that sets `due`
  std::string effect;  ///< id of the effect it is about, or empty
  std::string detail;  ///< what happened, for the person; no personal data
};

/// One instance of a process: all that the next event needs. A value.
struct Case {
  std::string key;
  std::string process;            ///< the definition's name
  std::string snapshot;           ///< hash of the configuration that it began with
  std::string state;              ///< the active atomic state
  std::int64_t version = 0;       ///< transactions so far
  std::int64_t event_number = 0;  ///< events applied so far, deadlines included
  std::int64_t visit = 0;         ///< raised at every entry into a state
  Instant opened{};
  Instant since{};  ///< when the active state was entered
  std::optional<Instant> ended;
  std::vector<expression::Value> data;  ///< by the definition's slots
  std::vector<Deadline> deadlines;      ///< open ones
  std::vector<Task> tasks;              ///< open ones
};

}  // namespace masar::process
