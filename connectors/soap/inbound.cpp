#include "connectors/soap/inbound.h"

#include "core/message/xml_writer.h"

namespace masar::soap {

using connector::PartAnswer;
using http::Response;

namespace {

Response fault_response(int status, const Fault& fault) {
  return {status, {{"Content-Type", kContentType}}, write_fault(fault)};
}

/// An error of the HTTP edge, said as SOAP.
Response edge_fault(const http::Problem& problem) {
  return fault_response(problem.status, {problem.status >= 500 ? "Server" : "Client", problem.text,
                                         refusal_detail(problem.code, problem.text)});
}

}  // namespace

Inbound::Inbound(http::Door door, EnvelopeReader reader, std::map<std::string, std::string> actions)
    : door_(std::move(door)), reader_(std::move(reader)), actions_(std::move(actions)) {
  door_.error = edge_fault;
}

http::Handler Inbound::handler(const std::shared_ptr<const Inbound>& me) {
  http::Handler handler = me->door_.handler();
  handler.handle = [me](http::Request request, const http::Respond& respond) {
    me->serve(std::move(request), respond);
  };
  return handler;
}

Opened Inbound::open(const http::Request& request) const {
  const std::string_view type = request.header("content-type");
  if (http::media_type(type) != "text/xml" || !http::is_utf8_or_unsaid(type)) {
    throw BadEnvelope{{"Client", "SOAP 1.1 comes as text/xml in UTF-8", {}}, "content-type", true};
  }
  Opened opened = reader_.open(request.body);
  if (!opened.payload)
    throw BadEnvelope{{"Client", "the Body is empty", {}}, "soap-empty-body", false};
  if (opened.is_fault)
    throw BadEnvelope{{"Client", "a fault is no request", {}}, "soap-fault", false};
  const auto declared = actions_.find(std::string(local_name(opened.payload)));
  if (!action_fits(request.header("soapaction"), declared == actions_.end() ? "" : declared->second,
                   local_name(opened.payload))) {
    throw BadEnvelope{{"Client", "the SOAPAction does not fit the Body", {}}, "soap-action", false};
  }
  return opened;
}

void Inbound::serve(http::Request request, const http::Respond& respond) const {
  connector::Received received;
  try {
    const Opened opened = open(request);
    received.body = write_xml(opened.payload);
  } catch (const BadEnvelope& bad) {
    door_.intake->refused(door_.endpoint, bad.code, bad.fault.text);
    Fault fault = bad.fault;
    if (fault.code == "Client") fault.detail = refusal_detail(bad.code, fault.text);
    return respond(fault_response(bad.not_xml ? 400 : 500, fault));
  }
  received.endpoint = door_.endpoint;
  received.sender = door_.partner;
  received.headers = http::allowed_headers(request);
  received.message_id = std::string(request.header("message-id"));
  // The answer may come after stop(): what it needs is in the door, by value.
  door_.intake->take(
      std::move(received), [door = door_, respond](const connector::IntakeAnswer& parts) {
        try {
          respond(answer_of(door, parts));
        } catch (const std::exception&) {
          // The reply cannot be written; its message stands. The caller repeats and the cause is in
          // the journal.
          respond(door.answer({500, "reply-unwritable", "the reply cannot be written"}));
        }
      });
}

Response Inbound::answer_of(const http::Door& door, const connector::IntakeAnswer& parts) {
  const PartAnswer answer = http::whole(parts);
  switch (answer.kind) {
    case PartAnswer::Kind::accepted: return {202, {}, {}};
    case PartAnswer::Kind::replied:
      return {200,
              {{"Content-Type", kContentType}},
              write_envelope(write_xml(answer.document->document_element()))};
    case PartAnswer::Kind::refused:
      return fault_response(500, {"Client", answer.text.empty() ? answer.code : answer.text,
                                  refusal_detail(answer.code, answer.text)});
    case PartAnswer::Kind::retry_later: break;
  }
  return door.answer({503, answer.code.empty() ? "retry-later" : answer.code,
                      answer.text.empty() ? "try again later" : answer.text});
}

}  // namespace masar::soap
