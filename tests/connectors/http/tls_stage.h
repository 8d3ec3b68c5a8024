#pragma once

// A hub that speaks TLS, and whom it meets.

#include <signal.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "connectors/http/http.h"
#include "connectors/tls/in_use.h"
#include "core/base/manual.h"
#include "tests/connectors/http/raw.h"
#include "tests/connectors/http/stage.h"
#include "tests/support/certificates.h"

namespace masar::test {

/// Everybody's certificates: two authorities that know nothing of each other.
struct Town {
  Certificates made;
  Pem city = made.of_itself("city", "/CN=City");
  Pem other = made.of_itself("other", "/CN=City");  // of the same name
  Pem hub = made.of(city, "hub", "/CN=hub", "DNS:localhost,IP:127.0.0.1");
  Pem hub_next = made.of(other, "hub-next", "/CN=hub", "DNS:localhost,IP:127.0.0.1");
  Pem renewed = made.of(city, "renewed", "/CN=renewed", "DNS:localhost,IP:127.0.0.1", 60);
  Pem elsewhere = made.of(city, "elsewhere", "/CN=localhost", "DNS:elsewhere");
  Pem old = made.of(city, "old", "/O=EFAWATEER/CN=switch", "DNS:localhost,IP:127.0.0.1", -1);
  Pem bank = made.of(city, "switch", "/O=EFAWATEER/CN=switch");
  Pem roads = made.of(city, "roads", "/O=GAM/CN=roads");
  Pem forged = made.of(other, "forged", "/O=EFAWATEER/CN=switch");
  Pem alone = made.of_itself("alone", "/O=EFAWATEER/CN=switch", "DNS:localhost,IP:127.0.0.1");

  static const Town& get() {
    static const Town town;
    return town;
  }
};

/// A stage with secrets that change and a clock that is moved.
class SecureStage : public Stage {
 public:
  SecureStage() {
    const Town& town = Town::get();
    put("city", town.city.certificate());
    put("hub", town.hub);
    answering = [](const connector::Received&) {
      return connector::IntakeAnswer{part(connector::PartAnswer::Kind::accepted)};
    };
  }
  connector::Context context() {
    connector::Context made = Stage::context();
    return {made.business, steady,    made.executor, *this,
            made.prefixes, made.zone, made.log};
  }
  std::string get(std::string_view name) const override {
    if (name.starts_with("secret:")) name.remove_prefix(7);
    {
      std::lock_guard lock(mutex_);
      const auto found = secrets_.find(name);
      if (found != secrets_.end()) return found->second;
    }
    return Stage::get(name);
  }
  void put(const std::string& name, const std::string& text) {
    std::lock_guard lock(mutex_);
    secrets_[name] = text;
  }
  void put(const std::string& name, const Pem& pem) {
    put(name, pem.certificate());
    put(name + "-key", pem.key());
  }
  ManualSteadyClock steady;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> secrets_;
};

/// A hub with one inbound endpoint behind TLS.
struct SecureHub {
  explicit SecureHub(const std::string& tls = "", const std::string& door = "",
                     const std::string& listener = "")
      : endpoint("in", true, "<http listener='http' path='/in' " + door + "/>") {
    connector = http::make_http(stage.context(), listeners);
    connector->add_listener(
        element("<listener id='http' connector='http' address='127.0.0.1:0' " + listener +
                "><tls certificate='secret:hub' key='secret:hub-key'" + tls + "/></listener>"));
    connector->add_inbound(endpoint.spec, stage);
    connector->start();
    address = connector->addresses().at("http");
  }
  ~SecureHub() {
    connector->stop_accepting();
    connector->stop();
  }
  /// curl's exit status and the answer's: "0 202", or "35 000" without one.
  std::string curl(const Pem* shown, const std::string& more = "") const {
    int status = 0;
    const std::string mine =
        shown ? " --cert " + shown->certificate_file + " --key " + shown->key_file : "";
    const std::string answer =
        run("curl -s -o /dev/null -w '%{http_code}' -m 20 -H 'Content-Type: application/xml' "
            "-d '<a/>' --cacert " +
                Town::get().city.certificate_file + mine + " " + more + " https://" + address +
                "/in",
            status);
    return std::to_string(WEXITSTATUS(status)) + " " + answer;
  }
  /// As curl(), again while there are too many connections.
  std::string curl_once_there_is_room() const {
    std::string answer = "0 503";
    for (int i = 0; i < 200 && answer == "0 503"; ++i) answer = curl(nullptr);
    return answer;
  }
  /// What openssl's client says to somebody who connects and ends; empty: no handshake.
  std::string s_client(const std::string& more) const {
    int status = 0;
    const std::string said =
        run("openssl s_client -connect " + address + " -CAfile " +
                Town::get().city.certificate_file + " -verify_return_error " + more +
                " </dev/null 2>/dev/null",
            status);
    return status == 0 ? said : "";
  }
  /// The endpoint's, and the listener's.
  bool refused(const std::string& what) const {
    for (const std::string& one : stage.refused()) {
      if (one == what) return true;
    }
    return false;
  }

  tls::InUse in_use;
  SecureStage stage;
  http::Listeners listeners{&in_use};
  Endpoint endpoint;
  std::unique_ptr<connector::Connector> connector;
  std::string address;
};

/// An endpoint that calls out.
struct Caller {
  Caller(const std::string& address, const std::string& inner, bool keeps = false)
      : endpoint("out", false, "<http url='https://" + address + "/in'>" + inner + "</http>") {
    endpoint.spec.idempotent = keeps;
  }
  connector::Outcome call() {
    if (!outbound) outbound = connector->add_outbound(endpoint.spec, stage);
    connector::Attempt attempt;
    attempt.effect_id = "effect-1";
    attempt.body = "<a/>";
    return send(*outbound, std::move(attempt));
  }
  /// How a call ended: "delivered", or the code of what kept it.
  std::string outcome() {
    const connector::Outcome ended = call();
    if (ended.kind == connector::OutcomeKind::delivered) return "delivered";
    return (ended.kind == connector::OutcomeKind::unavailable ? "unavailable " : "? ") + ended.code;
  }

  tls::InUse in_use;
  SecureStage stage;
  http::Listeners listeners{&in_use};
  Endpoint endpoint;
  std::unique_ptr<connector::Connector> connector = http::make_http(stage.context(), listeners);
  std::unique_ptr<connector::Outbound> outbound;
};

/// openssl's own server, which answers each GET with a page about the connection.
class ForeignServer {
 public:
  explicit ForeignServer(const std::string& arguments) {
    int out[2];
    if (::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(out[1], 1);
      ::execl("/bin/sh", "sh", "-c",
              ("exec openssl s_server -accept 127.0.0.1:0 -www " + arguments + " 2>/dev/null")
                  .c_str(),
              static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(out[1]);
    out_ = ::fdopen(out[0], "r");
    for (std::string line; address_.empty();) {
      const int c = ::fgetc(out_);
      if (c == EOF) throw std::runtime_error("openssl s_server " + arguments);
      if (c != '\n') {
        line += static_cast<char>(c);
        continue;
      }
      if (line.starts_with("ACCEPT ")) address_ = line.substr(7);
      line.clear();
    }
  }
  ~ForeignServer() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    ::fclose(out_);
  }
  ForeignServer(const ForeignServer&) = delete;
  ForeignServer& operator=(const ForeignServer&) = delete;
  const std::string& address() const { return address_; }

 private:
  pid_t child_ = -1;
  FILE* out_ = nullptr;
  std::string address_;
};

}  // namespace masar::test
