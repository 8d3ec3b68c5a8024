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

}  // namespace masar::admin
