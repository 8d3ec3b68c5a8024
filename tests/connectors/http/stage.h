#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/thread_executor.h"
#include "core/config/element.h"
#include "core/connector/connector.h"

namespace masar::test {

/// Everything around a connector, scripted: what Intake answers, what it was given, secrets by
/// name.
class Stage : public connector::Intake, public connector::Secrets {
 public:
  Stage() : executor_({1, 1000, "test"}) { executor_.start(); }

  connector::Context context(Prefixes prefixes = {{"urn:a", "a"}}) {
    return {business_,
            steady_,
            executor_,
            *this,
            std::move(prefixes),
            "UTC",
            [this](std::string_view level, std::string_view text, const LogIds& ids) {
              std::lock_guard lock(mutex_);
              logged_.push_back({std::string(level) + " " + std::string(text), ids});
            }};
  }
  std::string get(std::string_view name) const override {
    if (name == "secret:pass" || name == "pass") {
      std::lock_guard lock(mutex_);
      return password_;
    }
    throw Error(ErrorKind::config, "no-secret", std::string(name));
  }

  void password(std::string text) {
    std::lock_guard lock(mutex_);
    password_ = std::move(text);
  }

  void take(connector::Received received, Answer answer) override {
    {
      std::lock_guard lock(mutex_);
      received_.push_back(received);
    }
    if (const auto script = answering.get()) answer(script(received));
  }
  void report(std::string, std::string, std::function<void(bool)> answer) override { answer(true); }
  void refused(std::string endpoint, std::string code, std::string) override {
    std::lock_guard lock(mutex_);
    refused_.push_back(endpoint + ":" + code);
  }

  std::vector<connector::Received> received() const {
    std::lock_guard lock(mutex_);
    return received_;
  }
  std::vector<std::string> refused() const {
    std::lock_guard lock(mutex_);
    return refused_;
  }
  struct Logged {
    std::string line;  ///< its level and text
    LogIds ids;
  };
  std::vector<Logged> logged() const {
    std::lock_guard lock(mutex_);
    return logged_;
  }
  /// What take() answers at once; empty: nothing, ever.
  class Script {
   public:
    using Act = std::function<connector::IntakeAnswer(const connector::Received&)>;
    void operator=(Act act) {
      std::lock_guard lock(mutex_);
      act_ = std::move(act);
    }
    Act get() const {
      std::lock_guard lock(mutex_);
      return act_;
    }

   private:
    mutable std::mutex mutex_;
    Act act_;
  };
  Script answering;

 private:
  mutable std::mutex mutex_;
  std::vector<connector::Received> received_;
  std::vector<std::string> refused_;
  std::vector<Logged> logged_;
  std::string password_ = "open sesame";
  SystemBusinessClock business_;
  SystemSteadyClock steady_;
  ThreadExecutor executor_;
};

inline connector::PartAnswer part(connector::PartAnswer::Kind kind, std::string code = {},
                                  std::string text = {}) {
  return {kind, std::move(code), std::move(text), nullptr};
}
inline connector::PartAnswer reply(const XmlReader& reader, std::string_view xml) {
  return {connector::PartAnswer::Kind::replied, {}, {}, reader.read(xml)};
}

/// An endpoint as its file would state it; keeps the element alive.
struct Endpoint {
  Endpoint(const std::string& id, bool inbound, const std::string& inner) {
    config::Diagnostics diagnostics;
    root =
        config::load_element("endpoints/" + id + ".xml",
                             "<endpoint id=\"" + id + "\">" + inner + "</endpoint>", diagnostics);
    if (!root) throw std::runtime_error(diagnostics.text());
    spec.id = id;
    spec.partner = "partner";
    spec.inbound = inbound;
    spec.root = &*root;
    spec.timeout = std::chrono::milliseconds(5000);
    spec.concurrency = 2;
  }
  std::optional<config::Element> root;
  connector::EndpointSpec spec;
};

inline config::Element element(const std::string& xml) {
  config::Diagnostics diagnostics;
  auto result = config::load_element("hub.xml", xml, diagnostics);
  if (!result) throw std::runtime_error(diagnostics.text());
  return *result;
}

/// Sends and waits for the outcome.
inline connector::Outcome send(connector::Outbound& outbound, connector::Attempt attempt) {
  std::mutex mutex;
  std::condition_variable came;
  std::optional<connector::Outcome> outcome;
  outbound.send(std::move(attempt), [&](connector::Outcome done) {
    std::lock_guard lock(mutex);
    outcome = std::move(done);
    came.notify_all();
  });
  std::unique_lock lock(mutex);
  came.wait(lock, [&] { return outcome.has_value(); });
  return *outcome;
}

/// Runs a foreign program and returns its standard output; its exit status goes to `status`.
inline std::string run(const std::string& command, int& status) {
  FILE* pipe = ::popen(command.c_str(), "r");
  if (!pipe) throw std::runtime_error("cannot run " + command);
  std::string out;
  char piece[4096];
  for (std::size_t size; (size = ::fread(piece, 1, sizeof piece, pipe)) > 0;)
    out.append(piece, size);
  status = ::pclose(pipe);
  return out;
}

/// A foreign program that runs beside a test: its output is read line by line, the end of its
/// standard input tells it to end.
class Companion {
 public:
  explicit Companion(const std::string& command) {
    int in[2], out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0)
      throw std::runtime_error("no pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      ::execl("/bin/sh", "sh", "-c", ("exec " + command).c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    in_ = in[1];
    out_ = ::fdopen(out[0], "r");
  }
  ~Companion() {
    ::close(in_);
    ::fclose(out_);
    ::waitpid(child_, nullptr, 0);
  }
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;

  /// Without its newline; empty where the program has ended.
  std::string line() {
    std::string text;
    for (int c; (c = ::fgetc(out_)) != EOF && c != '\n';) text += static_cast<char>(c);
    return text;
  }

 private:
  pid_t child_ = -1;
  int in_ = -1;
  FILE* out_ = nullptr;
};

}  // namespace masar::test
