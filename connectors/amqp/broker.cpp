#include "connectors/amqp/broker.h"

#include <utility>

#include "core/base/text.h"

namespace masar::amqp {
namespace {

/// What a peer gave as its reason, for people.
std::string reason(pn_condition_t* why, const std::string& otherwise) {
  if (why == nullptr || !pn_condition_is_set(why)) return otherwise;
  const std::string text = text_or(pn_condition_get_description(why), "");
  return clean_text(text_or(pn_condition_get_name(why), "") + (text.empty() ? "" : ", " + text));
}

}  // namespace

Broker::Broker(Service& service, pn_connection_t* connection, const ConnectionSettings& settings,
               std::string host)
    : Peer(service, connection), settings_(settings), host_(std::move(host)) {
  const BackOff back_off(settings.retry_first, settings.retry_max);
  for (const auto& [address, target] : service.targets)
    attachments_.push_back({target, nullptr, back_off});
  for (const auto& [address, source] : service.sources)
    attachments_.push_back({nullptr, source, back_off});
}

std::optional<std::chrono::steady_clock::duration> Broker::open_for() const {
  if (!opened_at_) return std::nullopt;
  return now() - *opened_at_;
}

void Broker::on_open() {
  if (!service().accepting) return close(condition::kForced, "the hub is stopping");
  set_opened();
  opened_at_ = now();
  service().log("info", "AMQP: " + service().id + " is connected to " + host_);
  for (Attachment& each : attachments_) attach(each);
}

void Broker::on_session_open(pn_session_t* session) {
  if (pn_session_state(session) & PN_LOCAL_UNINIT) pn_session_close(session);  // not ours
}

void Broker::attach(Attachment& attachment) {
  const EndpointSettings& settings = attachment.settings();
  pn_session_t* session = pn_session(connection());
  pn_session_set_incoming_capacity(session, service().limits.session_bytes);
  pn_session_open(session);
  const std::string name = "masar/" + attachment.id();
  pn_link_t* link = attachment.target ? pn_receiver(session, name.c_str())
                                      : pn_sender(session, name.c_str());
  pn_terminus_t* queue = attachment.target ? pn_link_source(link) : pn_link_target(link);
  pn_terminus_set_address(queue, settings.address.c_str());
  // RabbitMQ declares the queue of /queue/NAME as durable as this says.
  pn_terminus_set_durability(queue, PN_CONFIGURATION);
  if (!settings.capability.empty()) {
    pn_data_put_symbol(pn_terminus_capabilities(queue),
                       pn_bytes(settings.capability.size(), settings.capability.c_str()));
  }
  pn_link_set_snd_settle_mode(link, PN_SND_UNSETTLED);
  pn_link_open(link);
  attachment.link = link;
}

Broker::Attachment* Broker::find(pn_link_t* link) {
  for (Attachment& each : attachments_) {
    if (each.link == link) return &each;
  }
  return nullptr;
}

void Broker::on_link_open(pn_link_t* link) {
  Attachment* const attachment = find(link);
  if (attachment == nullptr) {  // the broker's own idea
    set(pn_link_condition(link), condition::kNotImplemented, "the hub opens the links");
    return pn_link_close(link);
  }
  pn_terminus_t* queue =
      attachment->target ? pn_link_remote_source(link) : pn_link_remote_target(link);
  // Refused: a detach with the reason is on its way (part 2.6.3).
  if (pn_terminus_get_type(queue) == PN_UNSPECIFIED) return;
  attachment->since = now();
  if (attachment->target) {
    add_inlet(link, attachment->target);
  } else {
    add_outlet(link, attachment->source);
  }
  service().obstacles.with([&](auto& all) { all.erase(attachment->id()); });
  service().log("info", "AMQP: endpoint " + attachment->id() + " has its link to " +
                            attachment->settings().address + " at " + host_);
}

void Broker::on_link_gone(pn_link_t* link, pn_condition_t* why) {
  Attachment* const attachment = find(link);
  if (attachment == nullptr) return;
  attachment->link = nullptr;
  pn_session_close(pn_link_session(link));
  const auto since = std::exchange(attachment->since, std::nullopt);
  if (since) attachment->back_off.lasted(now() - *since);
  const auto wait = attachment->back_off.wait();
  attachment->due = now() + wait;
  const std::string obstacle = "the broker ended the link to " + attachment->settings().address +
                               ": " + reason(why, "without a reason");
  service().obstacles.with([&](auto& all) { all[attachment->id()] = obstacle; });
  service().log("warning", "AMQP: endpoint " + attachment->id() + ", at " + host_ + ": " +
                               obstacle + "; again in " + seconds_text(wait));
  service().context.executor.post_after(wait, [weak = std::weak_ptr<Mailbox>(mailbox())] {
    if (const auto box = weak.lock()) box->run(kAttach);
  });
}

/// A drain ends the session at RabbitMQ 3.10 (a function clause that its queues do not have), so
/// the credit is set to none instead. What is under way then comes without credit: none is left
/// over for Proton to say below zero, which the wire has as four thousand millions.
void Broker::take_credit_back(pn_link_t* link) {
  const int surplus = pn_link_credit(link) - pn_link_queued(link);
  if (surplus != 0) pn_link_flow(link, -surplus);
}

void Broker::on_errand(unsigned errands) {
  if (!(errands & kAttach) || !opened() || !service().accepting) return;
  for (Attachment& each : attachments_) {
    if (each.link == nullptr && each.due <= now()) attach(each);
  }
}

void Broker::on_error(const std::string& name, const std::string& description) {
  why_ = clean_text(name + ", " + description);
}

void Broker::on_over() {
  if (why_.empty()) why_ = reason(pn_connection_remote_condition(connection()), "it was closed");
}

}  // namespace masar::amqp
