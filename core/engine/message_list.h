#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/element.h"
#include "core/expression/expression.h"
#include "core/route/route.h"

namespace masar::engine {

/// What a list shows of every message besides its own columns, in this order.
inline constexpr std::array<std::string_view, 14> kListedOfAll{
    "id",   "received", "type",  "endpoint", "partner", "message",    "message_id",
    "part", "parts",    "cases", "outcome",  "reply",   "reply_code", "content"};

/// `<list>`: which messages people may see as rows, and what of each: only what a column names
/// leaves the hub. Immutable, a part of the snapshot.
struct MessageList {
  struct Column {
    std::string name;
    bool of_reply = false;  ///< of what the message was answered; else of the message itself
    expression::Expression value;  ///< sees `$message.…`; scalar or nodes
  };
  std::string id;
  std::string type;                    ///< of the messages
  std::vector<std::string> endpoints;  ///< where they came in
  std::vector<Column> columns;
};

/// What a list is held against: all that is loaded before it. `routes` may lack those with
/// mistakes; then `routes_whole` is false, and what only they would say is not looked at.
struct ListSurroundings {
  const route::Library& library;
  const std::vector<std::shared_ptr<const route::Route>>& routes;
  bool routes_whole = true;
};

/// Findings go to `diagnostics`; null only where the id is missing.
std::optional<MessageList> load_message_list(const config::Element& root,
                                             const ListSurroundings& around,
                                             config::Diagnostics& diagnostics);

}  // namespace masar::engine
