#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/snapshot.h"
#include "core/store/store.h"

namespace masar::engine {

/// Bounds of one page: what is looked at, whether it is shown or not.
inline constexpr std::size_t kListedMax = 500;               ///< messages shown
inline constexpr std::size_t kListedLookedMax = 2'000;       ///< messages whose columns are made
inline constexpr store::RowId kListedJournalMax = 10'000;    ///< rows of the journal, of any kind
inline constexpr std::size_t kListedTogether = 32;           ///< messages in memory at once

/// Which page of a list is wanted.
struct ListQuestion {
  Instant from{}, to{};    ///< received at or after `from`, before `to`: by the journal's stamps
  store::RowId after = 0;  ///< behind this message
  std::size_t limit = 50;  ///< at most kListedMax
  /// Columns by their place in the list, with the text that they must have: all of them. A message
  /// whose column is not known (any more) is shown.
  std::vector<std::pair<std::size_t, std::string>> where;
};

struct ListedMessage {
  enum class Content {
    kept,
    deleted,     ///< by retention: nobody knows its columns any more
    unreadable,  ///< some column cannot be made of it
  };
  struct Field {
    bool known = true;
    std::optional<std::string> text;  ///< none: the message has no such value
  };
  store::MessageRow message;  ///< without headers, payload, and the reply's body
  Content content = Content::kept;
  bool answered = false;  ///< the reply had a document
  std::vector<Field> fields;  ///< one a column
};

struct ListPage {
  std::vector<ListedMessage> messages;  ///< in the order of receipt
  std::optional<store::RowId> after;    ///< where the next page goes on; none: this is the last
};

/// One page. Any thread. Reads in windows of kListedTogether messages, each a short read of its
/// own, so that neither the store's writer nor memory feels how long the range is. Throws what the
/// store throws.
ListPage read_list(const Snapshot& snapshot, const MessageList& list, const ListQuestion& question,
                   store::Store& store);

}  // namespace masar::engine
