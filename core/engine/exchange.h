#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/intake.h"
#include "core/engine/open_exchanges.h"
#include "core/engine/records.h"

namespace masar::engine {

/// One part of a message (a whole message is one part), and what has been found out about it.
struct IntakeDesk::Part {
  Document document;
  std::string payload;
  std::vector<store::KeyRow> keys;
  store::RowId duplicate_of = 0;                ///< journal row of the first one
  int twin_of = -1;                             ///< the same part stands earlier in this message
  std::optional<connector::PartAnswer> answer;  ///< known already: refused, recorded
  std::string case_key;
  bool keep = false;       ///< journaled as a dead letter at once
  bool record = false;     ///< accepted with an audit row only
  bool filtered = false;   ///< recorded because a filter lets it go no further
  int journal_index = -1;  ///< in the transaction

  /// Nothing of it is stored but that it was refused.
  bool refused() const { return answer && !keep && !record; }
};

/// One message on its way into the journal. Used by one thread at a time.
struct IntakeDesk::Exchange {
  connector::Received received;
  std::shared_ptr<Caller> caller;
  const Endpoint* endpoint = nullptr;
  const route::Route* route = nullptr;
  route::Origin origin;
  Document document;
  bool as_read = true;  ///< the gate has dropped nothing of it
  std::vector<Part> parts;
  std::vector<store::KeyRow> keys;    ///< of the message; stored with its first new part
  std::vector<LoggedLetter> letters;  ///< of parts that are kept
  std::vector<expression::Value> variables;
  int tries = 0;

  void finish(connector::IntakeAnswer with) { caller->finish(std::move(with)); }

  expression::Frame frame(const Document& of) const {
    expression::Frame frame;
    frame.variables = variables;
    if (of) frame.context = *of;
    return frame;
  }
};

}  // namespace masar::engine
