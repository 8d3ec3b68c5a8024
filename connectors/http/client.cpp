#include "connectors/http/client.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include <Poco/Exception.h>

#include "connectors/http/client_exchange.h"
#include "connectors/tls/context.h"

namespace masar::http {

namespace {

constexpr int kRetryAfterMax = 24 * 60 * 60;  ///< a day; more is taken for nonsense

CallResult failed(CallResult::Kind kind, const CallFailure& failure, CallResult seen = {}) {
  seen.kind = kind;
  seen.code = failure.code;
  seen.text = failure.what();
  return seen;
}

/// An IMF-fixdate (RFC 9110, 5.6.7) in seconds since 1970.
std::optional<std::time_t> http_date(const std::string& text) {
  std::tm parts{};
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (!end || *end != '\0') return std::nullopt;
  return timegm(&parts);
}

}  // namespace

std::string_view CallResult::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

std::optional<std::chrono::seconds> CallResult::retry_after() const {
  const std::string_view value = header("retry-after");
  int seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error != std::errc() || end != value.data() + value.size()) {
    const auto until = http_date(std::string(value));
    if (!until) return std::nullopt;
    const auto from = http_date(std::string(header("date"))).value_or(std::time(nullptr));
    // A date that is over says: now.
    seconds = static_cast<int>(std::clamp<std::time_t>(*until - from, 0, kRetryAfterMax + 1));
  }
  if (seconds < 0 || seconds > kRetryAfterMax) return std::nullopt;
  return std::chrono::seconds(seconds);
}

struct Client::Core {
  struct Job {
    Call call;
    Deadline deadline;
    Done done;
  };
  struct Kept {
    Link link;
    Deadline until;
  };

  explicit Core(ClientSettings wanted)
      : settings(std::move(wanted)), dialer(settings.proxy, settings.tls) {}

  void work();
  CallResult run(const Job& job);
  CallResult attempt(const Call& call, const CallUrl& url, Deadline deadline, Link link,
                     bool& began);
  std::optional<Link> take_kept(const std::string& key);
  void keep(const std::string& key, const Link& link);
  bool watch(Poco::Net::StreamSocket& socket);
  void unwatch();
  static std::string key_of(const CallUrl& url) { return (url.tls ? "s:" : "p:") + url.authority; }

  const ClientSettings settings;
  const Dialer dialer;

  std::mutex mutex;  // guards all below
  std::condition_variable came;
  std::deque<Job> waiting;
  std::size_t idle = 0;
  bool stopped = false;
  std::vector<std::thread> threads;
  std::map<std::thread::id, Poco::Net::StreamSocket> running;  ///< so that stop() can end them
  std::map<std::string, std::vector<Kept>> kept;
};

Client::Client(ClientSettings settings) : core_(std::make_unique<Core>(std::move(settings))) {}

Client::~Client() { stop(); }

void Client::call(Call call, std::chrono::milliseconds timeout, Done done) {
  std::lock_guard lock(core_->mutex);
  Core::Job job{std::move(call), std::chrono::steady_clock::now() + timeout, std::move(done)};
  // Beyond the limit, or once stopped, the job has no time left: a thread says so. It may not be
  // said here.
  if (core_->stopped || core_->waiting.size() >= core_->settings.waiting_max) {
    job.deadline = {};
    job.call = {};
  }
  core_->waiting.push_back(std::move(job));
  if (core_->waiting.size() > core_->idle &&
      core_->threads.size() < std::max<std::size_t>(core_->settings.threads, 1) &&
      !core_->stopped) {
    core_->threads.emplace_back([core = core_.get()] { core->work(); });
  }
  core_->came.notify_one();
}

void Client::stop() {
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(core_->mutex);
    core_->stopped = true;
    threads.swap(core_->threads);
    core_->kept.clear();
    for (auto& [thread, socket] : core_->running) {
      try {
        socket.shutdown();
      } catch (const Poco::Exception&) {
        // Not connected (any more): its call ends by itself.
      }
    }
  }
  core_->came.notify_all();
  for (std::thread& thread : threads) thread.join();
  for (Core::Job& job : core_->waiting) {
    job.done(failed(CallResult::Kind::not_sent, {"stopped", "the client has been stopped"}));
  }
  core_->waiting.clear();
}

void Client::Core::work() {
  std::unique_lock lock(mutex);
  for (;;) {
    ++idle;
    came.wait(lock, [this] { return stopped || !waiting.empty(); });
    --idle;
    if (waiting.empty()) return;
    Job job = std::move(waiting.front());
    waiting.pop_front();
    const bool late = stopped;
    lock.unlock();
    CallResult result =
        late ? failed(CallResult::Kind::not_sent, {"stopped", "the client has been stopped"})
             : run(job);
    unwatch();
    job.done(std::move(result));
    job = {};
    lock.lock();
  }
}

CallResult Client::Core::run(const Job& job) {
  if (job.deadline == Deadline{})
    return failed(CallResult::Kind::not_sent, {"client-full", "too many calls wait"});
  try {
    const CallUrl url = split_url(job.call.url);
    bool began = false;
    if (settings.reuse) {
      if (auto link = take_kept(key_of(url))) {
        CallResult result = attempt(job.call, url, job.deadline, std::move(*link), began);
        // The partner closed an idle connection while we wrote: nothing was answered, and the
        // endpoint is one that may be asked again.
        const bool stale =
            result.kind == CallResult::Kind::unknown && !began && result.code != "timeout";
        if (!stale) return result;
      }
    }
    Link link = dialer.dial(url, job.deadline, [this](Poco::Net::StreamSocket& opened) {
      if (!watch(opened)) throw CallFailure("stopped", "the client has been stopped");
    });
    CallResult result = attempt(job.call, url, job.deadline, std::move(link), began);
    // In TLS 1.3 a client is through before the server has looked at its certificate.
    const auto refusal = tls::last_refusal();
    if (url.tls && result.kind == CallResult::Kind::unknown && !began && refusal && refusal->of_own)
      return failed(CallResult::Kind::not_sent, {refusal->code, refusal->text});
    return result;
  } catch (const CallFailure& failure) {
    return failed(CallResult::Kind::not_sent, failure);
  } catch (const std::exception& error) {
    return failed(CallResult::Kind::unknown, {"internal", error.what()});
  }
}

CallResult Client::Core::attempt(const Call& call, const CallUrl& url, Deadline deadline,
                                 Link link, bool& began) {
  CallResult seen;
  try {
    const std::string bytes = write_call(call, url, settings.reuse, dialer.absolute(url));
    send_all(link.socket, bytes, deadline);
    const bool again = read_reply(link.socket, call.method, settings, deadline, seen, began);
    seen.kind = CallResult::Kind::replied;
    if (settings.reuse && again) keep(key_of(url), link);
    return seen;
  } catch (const CallFailure& failure) {
    return failed(CallResult::Kind::unknown, failure, std::move(seen));
  }
}

std::optional<Link> Client::Core::take_kept(const std::string& key) {
  const auto now = std::chrono::steady_clock::now();
  std::lock_guard lock(mutex);
  std::vector<Kept>& all = kept[key];
  while (!all.empty()) {
    Kept one = std::move(all.back());
    all.pop_back();
    // Readable means closed, or bytes that nobody asked for: neither is to be used.
    if (one.until > now && !one.link.wire.poll(Poco::Timespan(0), Poco::Net::Socket::SELECT_READ)) {
      running.insert_or_assign(std::this_thread::get_id(), one.link.wire);
      return one.link;
    }
  }
  return std::nullopt;
}

void Client::Core::keep(const std::string& key, const Link& link) {
  std::lock_guard lock(mutex);
  std::vector<Kept>& all = kept[key];
  if (!stopped && all.size() < settings.threads) {
    all.push_back({link, std::chrono::steady_clock::now() + settings.idle_max});
  }
}

bool Client::Core::watch(Poco::Net::StreamSocket& socket) {
  std::lock_guard lock(mutex);
  if (!stopped) running.insert_or_assign(std::this_thread::get_id(), socket);
  return !stopped;
}

void Client::Core::unwatch() {
  std::lock_guard lock(mutex);
  running.erase(std::this_thread::get_id());
}

}  // namespace masar::http
