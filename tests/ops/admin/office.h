#pragma once

#include <future>
#include <string>

#include <boost/json.hpp>

#include "ops/admin/admin.h"
#include "tests/connectors/http/raw.h"
#include "tests/core/engine/inquiries.h"

/// The operators' interface over real HTTP, in front of a hub on the test's thread.
namespace masar::testing {

namespace json = boost::json;

inline constexpr const char* kToken = "a-token-of-the-test";

struct Answer {
  int status = 0;
  std::string head, body;
  json::object object() const { return json::parse(body).as_object(); }
};

/// A hub with its interface on a free port. A request is on its way on a thread of its own while
/// the hub moves here.
struct Office {
  explicit Office(const ConfigText& config = order_config())
      : stage(config), admin(stage.hub(), {"127.0.0.1:0", kToken}) {
    admin.start();
  }
  ~Office() { admin.stop(); }

  Answer raw(const std::string& bytes) {
    auto pending = std::async(std::launch::async, [&] {
      test::RawSocket socket(admin.address());
      socket.send(bytes);
      return socket.read_response();
    });
    while (pending.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) stage.run();
    const std::string response = pending.get();
    const auto end = response.find("\r\n\r\n");
    return {std::stoi("0" + test::status_of(response)), response.substr(0, end),
            end == std::string::npos ? "" : response.substr(end + 4)};
  }
  Answer ask(const std::string& method, const std::string& target, const std::string& body = {},
             const std::string& host = "localhost", const std::string& token = kToken) {
    std::string bytes = method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n";
    if (!token.empty()) bytes += "Authorization: Bearer " + token + "\r\n";
    bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    return raw(bytes);
  }
  Answer get(const std::string& target) { return ask("GET", target); }
  Answer post(const std::string& target, const std::string& body = {}) {
    return ask("POST", target, body);
  }

  Stage stage;
  admin::Admin admin;
};

inline std::string code_of(const Answer& answer) {
  return std::string(answer.object().at("code").as_string());
}

inline json::array rows(Office& office, const std::string& of, const std::string& list = {}) {
  return office.get("/api/" + of).object().at(list.empty() ? of : list).as_array();
}

inline const std::string kPhone = "0791234567";

inline void open_with_phone(Stage& stage, const std::string& no) {
  stage.say(
      "shop-in",
      "<Order><no>" + no + "</no><plate>20-12345</plate><phone>" + kPhone + "</phone></Order>",
      "open-" + no);
}

inline const std::string kOrders = "/api/messages?type=orders&from=2020-01-01&to=2100-01-01";

/// The tests' configuration with a list of orders.
inline ConfigText with_orders() {
  ConfigText config = order_config();
  config.set("config/lists/orders.xml", R"xml(<list id="orders" endpoints="shop-in" type="Order">
  <column name="no" value="/Order/no"/><column name="plate" value="/Order/plate"/></list>)xml");
  return config;
}

}  // namespace masar::testing
