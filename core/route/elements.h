#pragma once

#include "core/config/fields.h"

namespace masar::route {

// The elements of a route besides its steps (compiler.cpp): the one place that states their
// attributes.

inline const config::ElementTable kRoute{"route",
                          "Steps between two endpoints, or between an endpoint and a process.",
                          {{"id", config::Kind::name, true, "", "its name", {}},
                           {"mode",
                            config::Kind::choice,
                            false,
                            "durable",
                            "how it delivers",
                            {"durable", "pass-through", "query", "inquiry"}}},
                          {"*"}};
inline const config::ElementTable kFrom{
    "from",
    "Where messages come from.",
    {{"endpoint", config::Kind::name, false, "", "an inbound endpoint", {}},
     {"type", config::Kind::text, false, "", "the payload's root, with its prefix", {}},
     {"parts", config::Kind::expression, false, "", "elements that are messages of their own", {}},
     {"parts-max", config::Kind::integer, false, "1000", "how many of them a message may have", {}},
     {"process", config::Kind::name, false, "", "a process, with effect; of an inquiry alone", {}},
     {"effect", config::Kind::name, false, "", "the effect of the process", {}}},
    {}};
inline const config::ElementTable kFind{
    "find",
    "How the case is found; tried in order.",
    {{"key", config::Kind::expression, false, "", "the case's key", {}},
     {"alias", config::Kind::name, false, "", "an alias of the process, with value", {}},
     {"value", config::Kind::expression, false, "", "the alias's value", {}}},
    {}};
inline const config::ElementTable kNoCase{
    "no-case",
    "What happens to a message that finds no case.",
    {{"do",
      config::Kind::choice,
      false,
      "refuse",
      "what to do",
      {"refuse", "record", "keep", "open"}},
     {"code", config::Kind::text, false, "no-such-case", "the refusal's code", {}},
     {"reply", config::Kind::name, false, "", "the route's reply that is its answer", {}}},
    {"*"}};
inline const config::ElementTable kTo{"to",
                       "The event document becomes an event of the case.",
                       {{"process", config::Kind::name, true, "", "the process", {}},
                        {"event", config::Kind::name, true, "", "its event", {}}},
                       {}};
inline const config::ElementTable kQuery{"query",
                          "Reads a case and answers in the same exchange.",
                          {{"process", config::Kind::name, true, "", "the process", {}}},
                          {}};
inline const config::ElementTable kReply{"reply",
                          "How a reply of the process is written.",
                          {{"name", config::Kind::name, true, "", "the reply's name", {}}},
                          {"*"}};
inline const config::ElementTable kAggregate{"aggregate",
                              "Makes one reply of what became of a message's parts.",
                              {{"using", config::Kind::text, true, "", "id of a mapping", {}}},
                              {}};
inline const config::ElementTable kOnFailure{
    "on-failure",
    "What an outcome other than delivered does.",
    {{"kind",
      config::Kind::choice,
      true,
      "",
      "the outcome",
      {"unavailable", "rejected", "unknown", "expired", "failed"}},
     {"code", config::Kind::text, false, "", "only for this code", {}},
     {"event", config::Kind::name, false, "", "the event of the case that it becomes", {}},
     {"task", config::Kind::name, false, "", "the task that it opens", {}},
     {"keep",
      config::Kind::choice,
      false,
      "",
      "go on at the longest interval once the attempts are spent",
      {"retrying"}},
     {"inquiry",
      config::Kind::name,
      false,
      "",
      "of unknown: the route that asks first whether it was done",
      {}},
     {"task-after",
      config::Kind::span,
      false,
      "",
      "open the task once this long has passed without an answer",
      {}}},
    {}};
inline const config::ElementTable kOnReport{"on-report",
                             "The event that a delivery report becomes.",
                             {{"event", config::Kind::name, true, "", "the event", {}}},
                             {}};

}  // namespace masar::route
