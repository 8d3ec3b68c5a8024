#include "connectors/amqp/guest.h"

namespace masar::amqp {

void Guest::on_open() {
  pn_transport_t* transport = pn_connection_transport(connection());
  pn_sasl_t* sasl = pn_sasl(transport);
  pn_connection_set_container(connection(), "masar");
  pn_connection_open(connection());
  const char* user = pn_sasl_outcome(sasl) == PN_SASL_OK ? pn_sasl_get_user(sasl) : nullptr;
  if (user == nullptr || !pn_transport_is_authenticated(transport)) {
    return close(condition::kUnauthorized, "log in by SASL");
  }
  if (refused_) return close(condition::kLimit, "too many connections");
  if (!service().accepting) return close(condition::kForced, "the hub is stopping");
  set_opened();
  user_ = user;
  service().log("info", "AMQP: " + user_ + " connected");
}

void Guest::on_session_open(pn_session_t* session) {
  pn_session_set_incoming_capacity(session, service().limits.session_bytes);
  pn_session_open(session);
}

void Guest::on_link_open(pn_link_t* link) {
  if (!opened()) return;
  if (links() >= service().limits.links_max) {
    return refuse_link(link, condition::kLimit, "too many links on one connection");
  }
  if (pn_link_is_receiver(link)) {
    open_inlet(link);
  } else {
    open_outlet(link);
  }
}

void Guest::open_inlet(pn_link_t* link) {
  pn_terminus_t* wanted = pn_link_remote_target(link);
  if (pn_terminus_get_type(wanted) == PN_COORDINATOR) {
    return refuse_link(link, condition::kNotImplemented, "there are no transactions");
  }
  const char* address = pn_terminus_get_address(wanted);
  const auto found = service().targets.find(std::string_view(address ? address : ""));
  if (found == service().targets.end())
    return refuse_link(link, condition::kNotFound, "there is no such target");
  const std::shared_ptr<Target>& target = found->second;
  if (target->settings.user != user_) {
    return refuse_link(link, condition::kUnauthorized, "the address is not yours", target->id);
  }
  pn_terminus_copy(pn_link_source(link), pn_link_remote_source(link));
  pn_terminus_copy(pn_link_target(link), wanted);
  pn_link_set_max_message_size(link, target->body_bytes_max);
  pn_link_open(link);
  add_inlet(link, target);
}

void Guest::open_outlet(pn_link_t* link) {
  pn_terminus_t* wanted = pn_link_remote_source(link);
  const char* address = pn_terminus_get_address(wanted);
  const auto found = service().sources.find(std::string_view(address ? address : ""));
  if (found == service().sources.end())
    return refuse_link(link, condition::kNotFound, "there is no such source");
  const std::shared_ptr<Source>& source = found->second;
  if (source->settings().user != user_) {
    return refuse_link(link, condition::kUnauthorized, "the address is not yours", source->id());
  }
  pn_terminus_copy(pn_link_source(link), wanted);
  pn_terminus_copy(pn_link_target(link), pn_link_remote_target(link));
  pn_link_set_snd_settle_mode(link, PN_SND_UNSETTLED);  // an outcome is what the outbox waits for
  pn_link_open(link);
  add_outlet(link, source);
}

/// An attach without terminus, then a detach with the reason: part 2.6.3.
void Guest::refuse_link(pn_link_t* link, const char* name, const std::string& description,
                        const std::string& endpoint) {
  pn_link_open(link);
  set(pn_link_condition(link), name, description);
  pn_link_close(link);
  service().log("warning",
                "AMQP: a link of " + user_ + " was refused: " + name + ", " + description);
  if (service().intake == nullptr) return;
  service().intake->refused(endpoint.empty() ? service().id : endpoint, name,
                            "a link of " + user_ + ": " + description);
}

bool Guest::is_too_large(Inlet& inlet) {
  const std::string limit = std::to_string(inlet.target->body_bytes_max);
  set(pn_link_condition(inlet.link), condition::kTooLarge,
      "a message has at most " + limit + " bytes");
  pn_link_close(inlet.link);
  inlet.target->intake->refused(inlet.target->id, condition::kTooLarge,
                                "a message of more than " + limit + " bytes");
  return false;
}

void Guest::take_credit_back(pn_link_t* link) {
  if (pn_link_credit(link) > 0 && !pn_link_get_drain(link)) pn_link_drain(link, 0);
}

void Guest::on_error(const std::string& name, const std::string& description) {
  if (!user_.empty()) {
    return service().log("warning", "AMQP: the connection of " + user_ + " ended: " + name + ", " +
                                        description);
  }
  // The description may quote what a stranger sent; it goes nowhere.
  if (service().intake == nullptr) return;
  service().intake->refused(service().id, name, "a connection ended before it was logged in");
}

void Guest::on_over() {
  if (!user_.empty()) service().log("info", "AMQP: " + user_ + " disconnected");
}

}  // namespace masar::amqp
