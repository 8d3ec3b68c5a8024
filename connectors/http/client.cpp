#include "connectors/http/client.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "connectors/http/client_link.h"

namespace masar::http {

namespace {

namespace net = boost::asio;
using Deadline = Link::Deadline;

constexpr std::chrono::seconds kGoodbyeMax{1};  ///< for the other side's answer to TLS's goodbye
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

/// Calls are taken from the queue by workers, as many as may be under way at once: coroutines on
/// one thread, which is made with the first call.
struct Client::Core {
  struct Job {
    Call call;
    Deadline deadline;
    Done done;
  };
  struct Kept {
    std::shared_ptr<Link> link;
    Deadline until;
  };

  explicit Core(ClientSettings wanted) : settings(std::move(wanted)) {}

  std::size_t workers_max() const { return std::max<std::size_t>(settings.concurrency, 1); }
  void start_thread();
  void spawn_worker();
  std::optional<Job> next();  ///< none: a worker ends
  Step<> work();
  Step<CallResult> run(const Job& job);
  Step<CallResult> attempt(const Job& job, const CallUrl& url, std::shared_ptr<Link> link,
                           bool fresh, bool& began);
  void leave(const CallUrl& url, std::shared_ptr<Link> link, bool keeps);
  Step<> say_goodbye(std::shared_ptr<Link> link);
  std::shared_ptr<Link> take_kept(const std::string& key);
  static std::string key_of(const CallUrl& url) { return (url.tls ? "s:" : "p:") + url.authority; }

  const ClientSettings settings;
  net::io_context io{1};
  std::optional<net::executor_work_guard<net::io_context::executor_type>> guard;
  std::thread thread;

  std::mutex mutex;  // guards these three
  std::deque<Job> waiting;
  std::size_t workers = 0;
  bool stopped = false;

  // Of the thread alone.
  std::set<std::shared_ptr<Link>> running;  ///< so that stop() can cut them
  std::map<std::string, std::vector<Kept>> kept;
  bool cutting = false;  ///< what begins now is cut as well
};

Client::Client(ClientSettings settings) : core_(std::make_unique<Core>(std::move(settings))) {}

Client::~Client() { stop(); }

void Client::call(Call call, std::chrono::milliseconds timeout, Done done) {
  const std::lock_guard lock(core_->mutex);
  Core::Job job{std::move(call), std::chrono::steady_clock::now() + timeout, std::move(done)};
  // Beyond the limit the job has no time left: a worker says so. It may not be said here.
  if (core_->waiting.size() >= core_->settings.waiting_max) {
    job.deadline = {};
    job.call = {};
  }
  core_->waiting.push_back(std::move(job));
  if (core_->stopped || core_->workers >= core_->workers_max()) return;
  if (!core_->thread.joinable()) core_->start_thread();
  ++core_->workers;
  // Posted, for on the client's own thread it would begin here and now.
  net::post(core_->io, [core = core_.get()] { core->spawn_worker(); });
}

void Client::stop() {
  {
    const std::lock_guard lock(core_->mutex);
    core_->stopped = true;
  }
  if (core_->thread.joinable()) {
    net::post(core_->io, [core = core_.get()] {
      core->cutting = true;
      core->kept.clear();
      for (const auto& link : core->running) link->cut("stopped");
    });
    core_->guard.reset();
    core_->thread.join();
  }
  while (const auto job = core_->next())
    job->done(failed(CallResult::Kind::not_sent, {"stopped", "the client has been stopped"}));
}

void Client::Core::start_thread() {
  guard.emplace(io.get_executor());
  thread = std::thread([this] { io.run(); });
}

void Client::Core::spawn_worker() {
  net::co_spawn(io, work(), [](const std::exception_ptr& failure) {
    if (failure) std::rethrow_exception(failure);  // as out of any thread: nobody is to catch it
  });
}

std::optional<Client::Core::Job> Client::Core::next() {
  const std::lock_guard lock(mutex);
  if (waiting.empty()) {
    if (workers > 0) --workers;
    return std::nullopt;
  }
  Job job = std::move(waiting.front());
  waiting.pop_front();
  return job;
}

Step<> Client::Core::work() {
  for (;;) {
    const std::optional<Job> job = next();
    if (!job) co_return;
    CallResult result = co_await run(*job);
    job->done(std::move(result));
  }
}

Step<CallResult> Client::Core::run(const Job& job) {
  if (cutting)
    co_return failed(CallResult::Kind::not_sent, {"stopped", "the client has been stopped"});
  if (job.deadline == Deadline{})
    co_return failed(CallResult::Kind::not_sent, {"client-full", "too many calls wait"});
  try {
    const CallUrl url = split_url(job.call.url);
    bool began = false;
    if (auto link = settings.reuse ? take_kept(key_of(url)) : nullptr) {
      CallResult result = co_await attempt(job, url, std::move(link), false, began);
      // The partner closed an idle connection while we wrote: nothing was answered, and the
      // endpoint is one that may be asked again.
      const bool stale = result.kind == CallResult::Kind::unknown && !began &&
                         result.code != "timeout" && result.code != "stopped";
      if (!stale) co_return result;
    }
    co_return co_await attempt(job, url, std::make_shared<Link>(io), true, began);
  } catch (const CallFailure& failure) {
    co_return failed(CallResult::Kind::not_sent, failure);
  } catch (const std::exception& error) {
    co_return failed(CallResult::Kind::unknown, {"internal", error.what()});
  }
}

/// Throws CallFailure while nothing of the call has been sent.
Step<CallResult> Client::Core::attempt(const Job& job, const CallUrl& url,
                                       std::shared_ptr<Link> link, bool fresh, bool& began) {
  const std::string& proxy = settings.proxy;
  running.insert(link);
  link->begin(job.deadline);
  ReplyReader reply(job.call.method, settings);
  std::optional<CallFailure> failure;
  bool sending = false;
  try {
    if (fresh) co_await link->dial(url, proxy, settings.tls.get());
    const std::string bytes =
        write_call(job.call, url, settings.reuse, !proxy.empty() && !url.tls);
    sending = true;
    co_await link->send(bytes);
    co_await link->receive(reply);
  } catch (const CallFailure& caught) {
    failure = caught;
  }
  began = reply.began();
  // In TLS 1.3 a client is through before the server has looked at its certificate.
  const auto refusal = failure && sending && !began ? link->refusal() : std::nullopt;
  leave(url, std::move(link), !failure && settings.reuse && reply.keeps());
  if (failure && !sending) throw *failure;
  if (refusal && refusal->of_own)
    co_return failed(CallResult::Kind::not_sent, {refusal->code, refusal->text});
  CallResult seen = reply.taken();
  if (failure) co_return failed(CallResult::Kind::unknown, *failure, std::move(seen));
  seen.kind = CallResult::Kind::replied;
  co_return seen;
}

void Client::Core::leave(const CallUrl& url, std::shared_ptr<Link> link, bool keeps) {
  link->rest();
  running.erase(link);
  std::vector<Kept>* all = keeps && !cutting ? &kept[key_of(url)] : nullptr;
  if (all && all->size() < workers_max()) {
    all->push_back({std::move(link), std::chrono::steady_clock::now() + settings.idle_max});
  } else if (url.tls && !cutting) {
    net::co_spawn(io, say_goodbye(std::move(link)), net::detached);
  }
}

Step<> Client::Core::say_goodbye(std::shared_ptr<Link> link) {
  running.insert(link);
  link->begin(std::chrono::steady_clock::now() + kGoodbyeMax);
  co_await link->say_goodbye();
  link->rest();
  running.erase(link);
}

std::shared_ptr<Link> Client::Core::take_kept(const std::string& key) {
  const auto now = std::chrono::steady_clock::now();
  std::vector<Kept>& all = kept[key];
  while (!all.empty()) {
    const Kept one = std::move(all.back());
    all.pop_back();
    // Readable means closed, or bytes that nobody asked for: neither is to be used.
    if (one.until > now && one.link->is_idle()) return one.link;
  }
  return nullptr;
}

}  // namespace masar::http
