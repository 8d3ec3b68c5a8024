#pragma once

#include <string>

#include <boost/json.hpp>

#include "connectors/http/server.h"
#include "core/engine/hub.h"

namespace masar::admin {

/// Which due times a calendar would move: one page of `moves`, and `after`, which brings the next
/// one (null: there is none). `body`: `{"calendar": "<calendar …>", "after": …}`. 422 says what is
/// wrong with it. Changes nothing.
http::Response calendar_plan(engine::Hub& hub, const boost::json::value& body);

/// Which open cases go by another configuration, and whether they fit the current one: one page of
/// `cases`, and `after` as above. Query: `key` of one case, or `state`, `after`, `limit`.
http::Response migration_plan(engine::Hub& hub, const http::Request& request, std::size_t limit);

}  // namespace masar::admin
