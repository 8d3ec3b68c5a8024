#pragma once

#include <atomic>
#include <map>
#include <string>
#include <string_view>

#include "core/connector/connector.h"
#include "core/engine/snapshot.h"

namespace masar::engine {

/// How many messages have come in and have no answer yet: in all, and by route. Owned by the
/// intake; any thread.
class OpenExchanges {
 public:
  explicit OpenExchanges(const Snapshot& snapshot) {
    for (const auto& route : snapshot.routes) by_route_[route->id];
  }
  std::size_t all() const noexcept { return all_.load(); }
  std::size_t of_route(std::string_view id) const {
    const auto found = by_route_.find(id);
    return found == by_route_.end() ? 0 : found->second.load();
  }

 private:
  friend class Caller;
  std::atomic<std::size_t> all_{0};
  std::map<std::string, std::atomic<std::size_t>, std::less<>> by_route_;  ///< its shape is fixed
};

/// Whoever waits for the answer to one message: counted as open until it has it. It knows nothing
/// of the message, so that a time limit's timer, which holds it to the end, costs no more than
/// this.
///
/// Shared by the exchange and by whatever may answer it (hence shared_ptr). finish(): any thread;
/// enter(): the exchange's, before others know of it.
class Caller {
 public:
  Caller(OpenExchanges& open, connector::Intake::Answer answer)
      : open_(open), answer_(std::move(answer)) {
    open_.all_.fetch_add(1);
  }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  /// The route that its message takes.
  void enter(const route::Route& route) {
    of_route_ = &open_.by_route_.find(route.id)->second;
    of_route_->fetch_add(1);
  }
  /// Answers, once: of an answer and a time limit the first one counts.
  void finish(connector::IntakeAnswer with) {
    if (finished_.exchange(true)) return;
    const connector::Intake::Answer say = std::move(answer_);
    say(std::move(with));
    if (of_route_) of_route_->fetch_sub(1);
    open_.all_.fetch_sub(1);
  }

 private:
  OpenExchanges& open_;
  connector::Intake::Answer answer_;
  std::atomic<std::size_t>* of_route_ = nullptr;
  std::atomic<bool> finished_{false};
};

}  // namespace masar::engine
