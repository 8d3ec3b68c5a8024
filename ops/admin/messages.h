#pragma once

#include <string>
#include <vector>

#include <boost/json.hpp>

#include "connectors/http/server.h"
#include "core/engine/hub.h"

namespace masar::admin {

/// GET /api/messages: one page of a list of messages that came in (ops/admin/README.md). Query:
/// `type` (the list), `from`, `to`, `where` (any number), `after`, `limit`, `format`. 404: there is
/// no such list; 422 names the argument that is wrong. What the list's columns do not name is not
/// shown.
http::Response list_messages(engine::Hub& hub, const http::Request& request);

/// How `from` and `to` are written.
inline constexpr const char* kTimeForm =
    "write a date (2026-11-20) or an instant (2026-11-20T08:00:00Z)";

/// The header line of a list with these columns, and the cells of one of its messages as
/// list_messages() shows it: the same for CSV that the hub answers and that `masar` writes.
std::vector<std::string> message_header(const std::vector<std::string>& columns);
std::vector<std::string> message_cells(const boost::json::object& message,
                                       const std::vector<std::string>& columns);

}  // namespace masar::admin
