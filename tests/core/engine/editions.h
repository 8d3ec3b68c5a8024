#pragma once

#include <string>

#include "tests/support/order_config.h"

/// The small service of the tests in editions, each of which says its number wherever a
/// configuration can differ.
namespace masar::testing {

inline ConfigText edition(int number) {
  const std::string n = std::to_string(number);
  const std::string says = "<edition>" + n + "</edition>";
  const std::string process = "config/processes/order.scxml";
  ConfigText config = order_config();
  // The edge.
  config.set("mappings/order/note.map.xml",
             "<mapping id=\"order/note\"><output><event><text>{concat('" + n +
                 "/', /Note/text)}</text><tone" + n + ">x</tone" + n +
                 "></event></output></mapping>");
  // The process: its data has other places, its transitions say other things.
  config.change(process, "<data id=\"no\"",
                "<data id=\"a" + n + "\" m:type=\"text\" expr=\"'" + n + "'\"/><data id=\"no\"");
  config.change(process, "<m:field id=\"text\" type=\"text\" required=\"true\"/>",
                "<m:field id=\"tone" + n +
                    "\" type=\"text\"/>"
                    "<m:field id=\"text\" type=\"text\" required=\"true\"/>");
  config.change(process, "concat($notes, $event.text, ';')",
                "concat($notes, $event.text, ' in " + n + ";')");
  // Routes of effects, the partner's schema, mappings, texts.
  config.change("config/routes/ask-quote.xml", "operation=\"Quote\"",
                "operation=\"Quote" + n + "\"");
  config.change("config/schemas/supplier.xsd", "name=\"price\"", "name=\"price" + n + "\"");
  config.change("mappings/order/quoted.map.xml", "/Quote/price", "/Quote/price" + n);
  config.change("mappings/order/tell.map.xml", "<Told>", "<Told>" + says);
  config.change("mappings/order/accepted.map.xml", "<Accepted>", "<Accepted>" + says);
  config.change("mappings/order/answer.map.xml", "<Answer>", "<Answer>" + says);
  config.set(
      "config/texts/sms.xml",
      "<lookup id=\"sms-texts\" key=\"text\"><row key=\"pay\" text=\"pay " + n + "\"/></lookup>");
  config.change("mappings/order/sms.map.xml", "{$effect.text}",
                "{lookup('sms-texts', $effect.text, 'text')}");
  return config;
}

/// The supplier's reply as that edition's schema has it.
inline std::string quote_of(int number) {
  const std::string name = "price" + std::to_string(number);
  return "<Quote><" + name + ">5</" + name + "></Quote>";
}

}  // namespace masar::testing
