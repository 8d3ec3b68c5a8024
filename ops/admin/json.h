#pragma once

#include <string>

#include <boost/json.hpp>

#include "connectors/http/server.h"
#include "core/engine/act_result.h"
#include "core/engine/hub.h"

namespace masar::admin {

/// Rows as the interface shows them. Personal values are masked (GUARANTEES G13): all but the last
/// two characters become `*`.
std::string masked(std::string_view text);
boost::json::object case_summary(engine::Hub& hub, const store::CaseRow& row);
/// Data, deadlines, tasks, effects and timeline of one case.
boost::json::object case_detail(engine::Hub& hub, const store::CaseRecord& record,
                                std::int64_t after);
/// One record of the audit log, without what is personal of it.
boost::json::object audit_json(const store::AuditRow& row);
/// One row of the outbox, without its document.
boost::json::object effect_json(const store::OutboxRow& row);
boost::json::object task_json(engine::Hub& hub, const store::TaskRow& row);

http::Response json_response(int status, const boost::json::value& value);
http::Response problem(int status, std::string code, std::string text);
/// 200 with `body`, or the problem that the act ended in.
http::Response act_response(const engine::ActResult& result, const boost::json::object& body = {});

}  // namespace masar::admin
