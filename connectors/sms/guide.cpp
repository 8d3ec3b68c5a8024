#include "connectors/sms/guide.h"

#include "connectors/http/guide.h"

namespace masar::sms {

using config::Element;
using connector::Guide;

namespace {

std::string parts_of(const Element& own) {
  const std::string parts(own.value("parts-max"));
  return "at most " + (parts.empty() ? std::string("3") : parts) +
         " parts; in Arabic 70 characters are one, 134 two, 201 three";
}

Guide::Part national_part(const Element& own) {
  Guide::Part part;
  part.facts = http::client_facts(own, std::string(own.value("url")));
  part.facts.push_back({"Login", "POST /authenticate, user `" + std::string(own.value("user")) +
                                     "`; a token for some messages, renewed before it ends"});
  part.facts.push_back({"A text", parts_of(own)});
  part.tables.push_back({"What your answers mean to the hub",
                         {"answer", "means"},
                         {{"2xx with `messagesId[`", "taken: not sent again"},
                          {"2xx without it; 400, 403, 404, 405, 413, 415, 422", "refused for good"},
                          {"no connection, 429, 503", "not done: the hub sends it again"},
                          {"anything else, or no answer", "not known whether it was taken: the hub "
                                                          "does not send it again by itself"}}});
  return part;
}

Guide::Part kannel_part(const Element& own, const http::Listeners& listeners) {
  const auto said = [&own](const char* name) { return std::string(own.value(name)); };
  Guide::Part part;
  part.facts = http::client_facts(own, said("url"));
  const std::string back = said("report-url");
  const std::string path = said("report-path") + "/KEY?state=%d";
  part.facts.push_back({"Login", "user `" + said("user") + "`; the password is handed over apart"});
  part.facts.push_back({"Sender", "`" + said("from") + "`"});
  part.facts.push_back({"A text", "UTF-8 with coding=2; " + parts_of(own)});
  part.facts.push_back(
      {"Delivery reports", "GET `" + (back.empty() ? listeners.url(said("report-listener"), path)
                                                   : back + path) +
                               "`; KEY stands for the message and is handed over with it"});
  part.tables.push_back({"What your answers mean to the hub",
                         {"answer", "means"},
                         {{"202", "taken: not sent again"},
                          {"400, 401, 403, 404, 405, 413, 414", "refused for good"},
                          {"no connection, 429, 503", "not done: the hub sends it again"},
                          {"anything else, or no answer", "not known whether it was taken: the hub "
                                                          "does not send it again by itself"}}});
  part.tables.push_back({"What a report is answered with",
                         {"status", "when", "repeat it?"},
                         {{"200", "it is on disk, or was known", "no need"},
                          {"400, 404", "no such state, no such key", "no"},
                          {"503", "not now", "yes"}}});
  return part;
}

}  // namespace

Guide guide(const connector::GuideRequest& request, const http::Listeners& listeners) {
  Guide guide;
  for (const auto& endpoint : request.endpoints) {
    const Element* own = endpoint.spec->root->element("sms");
    if (!own) continue;  // check() has complained
    const Element* national = own->element("national");
    guide.endpoints[endpoint.spec->id] =
        national ? national_part(*national) : kannel_part(*own, listeners);
  }
  return guide;
}

}  // namespace masar::sms
