#include "connectors/soap/inbound.h"

#include <algorithm>
#include <cctype>

#include "core/message/xml_names.h"
#include "core/message/xml_writer.h"

namespace masar::soap {

using connector::PartAnswer;
using http::Response;

namespace {

Response fault_response(Version version, int status, const Fault& fault) {
  return {status, {{"Content-Type", content_type(version)}}, write_fault(version, fault)};
}

/// An error of the HTTP edge, or of the hub, said as SOAP.
Response problem_fault(Version version, const http::Problem& problem, std::string header = {}) {
  return fault_response(version, problem.status,
                        {problem.status >= 500 ? Blame::receiver : Blame::sender, problem.text,
                         refusal_detail(problem.code, problem.text), {}, std::move(header)});
}

/// The first of a header's name counts, so what the envelope says stands before HTTP's.
void put_first(http::Pairs& headers, http::Pairs of_envelope) {
  std::erase_if(headers, [&](const auto& header) {
    return std::any_of(of_envelope.begin(), of_envelope.end(),
                       [&](const auto& one) { return one.first == header.first; });
  });
  headers.insert(headers.begin(), std::make_move_iterator(of_envelope.begin()),
                 std::make_move_iterator(of_envelope.end()));
}

bool is_wsdl(std::string_view name) {
  constexpr std::string_view kName = "wsdl";
  return std::equal(name.begin(), name.end(), kName.begin(), kName.end(),
                    [](unsigned char a, char b) { return std::tolower(a) == b; });
}

BadEnvelope bad_type(const char* code, const char* text) {
  BadEnvelope bad = bad_sender(code, text);
  bad.status = 415;
  return bad;
}

}  // namespace

Inbound::Inbound(InboundSettings settings, EnvelopeReader reader)
    : settings_(std::move(settings)), reader_(std::move(reader)) {
  settings_.door.error = [](const http::Problem& problem, std::string_view content_type) {
    return problem_fault(version_said(content_type), problem);
  };
}

std::vector<http::Handler> Inbound::handlers(const std::shared_ptr<const Inbound>& me) {
  http::Door posts = me->settings_.door;
  if (me->settings_.gate) posts.user.clear();  // who is there stands in the envelope
  std::vector<http::Handler> handlers{posts.handler()};
  handlers[0].handle = [me](http::Request request, const http::Respond& respond) {
    me->serve(std::move(request), respond);
  };
  if (!me->settings_.description) return handlers;
  http::Door door = me->settings_.door;
  door.paused = std::make_shared<std::atomic<bool>>(false);  // a pause is about messages
  door.error = nullptr;
  handlers.push_back(door.handler());
  handlers[1].methods = {"GET", "HEAD"};
  handlers[1].body_bytes_max = 0;
  handlers[1].handle = [me](const http::Request& request, const http::Respond& respond) {
    respond(me->describe(request));
  };
  return handlers;
}

Response Inbound::describe(const http::Request& request) const {
  const std::string address = settings_.public_url.empty()
                                  ? "http://" + std::string(request.header("host")) + request.path
                                  : settings_.public_url;
  const auto wsdl = std::find_if(request.query.begin(), request.query.end(),
                                 [](const auto& one) { return is_wsdl(one.first); });
  std::optional<std::string> document;
  if (wsdl != request.query.end()) {
    document = settings_.description->wsdl(address, Description::served_at(address));
  } else if (const auto name = request.query_value("xsd")) {
    document = settings_.description->xsd(*name, Description::served_at(address));
  }
  if (document) return http::text_response(200, std::move(*document), "text/xml; charset=utf-8");
  return http::problem_json({404, "no-such-document", "ask for ?wsdl, or POST an envelope"});
}

Opened Inbound::open(const http::Request& request) const {
  const std::string_view type = request.header("content-type");
  const std::string media = http::media_type(type);
  if (media.starts_with("multipart/"))
    throw bad_type("attachment", "attachments are not taken: send the envelope alone");
  if ((media != "text/xml" && media != "application/soap+xml") || !http::is_utf8_or_unsaid(type)) {
    throw bad_type("content-type", "SOAP comes as text/xml (1.1) or application/soap+xml (1.2), "
                                   "in UTF-8");
  }
  Opened opened = reader_.open(request.body);
  if (opened.version != version_said(type)) {
    BadEnvelope bad = bad_type("content-type", "the Content-Type is another version's of SOAP");
    bad.version = opened.version;
    throw bad;
  }
  return opened;
}

/// The standing order of refusals: who sends, then what. `said` is filled as far as it is known.
connector::Received Inbound::read(const http::Request& request, Said& said) const {
  const Opened opened = open(request);
  said.version = opened.version;
  if (settings_.gate) settings_.gate->check(opened.header, opened.version);
  HeaderBlocks blocks = read_blocks(opened.header, settings_.blocks);
  said.repeated = std::move(blocks.repeated);
  if (!opened.payload) throw bad_sender("soap-empty-body", "the Body is empty");
  if (opened.is_fault) throw bad_sender("soap-fault", "a fault is no request");
  const auto declared = settings_.actions.find(std::string(local_part(opened.payload.name())));
  const std::string action =
      opened.version == Version::v12
          ? http::media_parameter(request.header("content-type"), "action")
          : std::string(request.header("soapaction"));
  if (!action_fits(action, declared == settings_.actions.end() ? "" : declared->second,
                   local_part(opened.payload.name()))) {
    throw bad_sender("soap-action", "the action does not fit the Body");
  }
  connector::Received received = settings_.door.message(request);
  received.body = write_xml(opened.payload);
  received.written = true;
  put_first(received.headers, std::move(blocks.headers));
  for (const auto& [name, value] : received.headers) {
    if (name == "message-id") received.message_id = value;
  }
  return received;
}

void Inbound::serve(http::Request request, const http::Respond& respond) const {
  Said said{version_said(request.header("content-type")), {}};
  connector::Received received;
  try {
    received = read(request, said);
  } catch (const BadEnvelope& bad) {
    settings_.door.intake->refused(settings_.door.endpoint, bad.code, bad.fault.text);
    const Version version = bad.version.value_or(said.version);
    Fault fault = bad.fault;
    fault.header += said.repeated;
    return respond(
        fault_response(version, bad.status != 0 ? bad.status : status_of(version, fault), fault));
  }
  // The answer may come after stop(): what it needs goes with it, by value.
  settings_.door.intake->take(
      std::move(received), [said = std::move(said), respond](const connector::IntakeAnswer& parts) {
        try {
          respond(answer_of(said, parts));
        } catch (const std::exception&) {
          // The reply cannot be written; its message stands. The caller repeats and the cause is in
          // the journal.
          respond(problem_fault(said.version,
                                {500, "reply-unwritable", "the reply cannot be written"}));
        }
      });
}

Response Inbound::answer_of(const Said& said, const connector::IntakeAnswer& parts) {
  const PartAnswer answer = http::whole(parts);
  switch (answer.kind) {
    case PartAnswer::Kind::accepted: return {202, {}, {}};
    case PartAnswer::Kind::replied:
      return {200,
              {{"Content-Type", content_type(said.version)}},
              write_envelope(said.version,
                             answer.document ? write_xml(answer.document->document_element())
                                             : answer.written,
                             said.repeated)};
    case PartAnswer::Kind::refused: {
      const Fault fault{Blame::sender, answer.text.empty() ? answer.code : answer.text,
                        refusal_detail(answer.code, answer.text), {}, said.repeated};
      return fault_response(said.version, status_of(said.version, fault), fault);
    }
    case PartAnswer::Kind::retry_later: break;
  }
  return problem_fault(said.version,
                       {503, answer.code.empty() ? "retry-later" : answer.code,
                        answer.text.empty() ? "try again later" : answer.text},
                       said.repeated);
}

}  // namespace masar::soap
