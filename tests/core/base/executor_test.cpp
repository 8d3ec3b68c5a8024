#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <set>
#include <string>

#include <pthread.h>

#include "core/base/error.h"
#include "core/base/guarded.h"
#include "core/base/manual.h"
#include "core/base/thread_executor.h"

using namespace masar;
using namespace std::chrono_literals;

namespace {

bool is_full(const Error& error) { return error.code() == "executor-full"; }

/// Closes when it has been counted down, so that a test waits for work without guessing times.
class Countdown {
 public:
  explicit Countdown(int count) : left_(count) {}
  void down() {
    if (--left_ == 0) done_.set_value();
  }
  void wait() { done_.get_future().wait(); }

 private:
  std::atomic<int> left_;
  std::promise<void> done_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(executor_test)

BOOST_AUTO_TEST_CASE(threads_run_all_work) {
  ThreadExecutor executor({.threads = 3, .name = "test"});
  Countdown countdown(1000);
  for (int i = 0; i < 500; ++i) executor.post([&] { countdown.down(); });
  executor.start();
  for (int i = 0; i < 500; ++i) executor.post([&] { countdown.down(); });
  countdown.wait();
  executor.stop();
  BOOST_TEST(executor.pending() == 0U);
}

BOOST_AUTO_TEST_CASE(work_of_one_thread_keeps_its_order) {
  ThreadExecutor executor({.threads = 1});
  std::vector<int> order;
  Countdown countdown(3);
  for (int i = 0; i < 3; ++i) {
    executor.post([&, i] {
      order.push_back(i);
      countdown.down();
    });
  }
  executor.start();
  countdown.wait();
  BOOST_TEST(order == (std::vector<int>{0, 1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(timers_run_in_the_order_of_their_time_and_not_before) {
  ThreadExecutor executor({.threads = 1});
  std::vector<int> order;
  std::atomic<bool> early = false;
  Countdown countdown(3);
  const auto begin = std::chrono::steady_clock::now();
  auto add = [&](int number, std::chrono::milliseconds delay) {
    executor.post_after(delay, [&, number, delay] {
      if (std::chrono::steady_clock::now() < begin + delay) early = true;
      order.push_back(number);
      countdown.down();
    });
  };
  // The heap decides before the threads run, so that the machine's speed does not matter.
  add(3, 3ms);
  add(1, 1ms);
  add(2, 2ms);
  BOOST_TEST(executor.pending() == 3U);
  executor.start();
  countdown.wait();
  BOOST_TEST(order == (std::vector<int>{1, 2, 3}), boost::test_tools::per_element());
  BOOST_TEST(!early);
}

BOOST_AUTO_TEST_CASE(a_timer_runs_while_the_only_other_thread_works) {
  ThreadExecutor executor({.threads = 2});
  executor.start();
  std::promise<void> fired;
  std::promise<void> ended;
  executor.post([&] {
    fired.get_future().wait();
    ended.set_value();
  });
  executor.post_after(1ms, [&] { fired.set_value(); });
  ended.get_future().wait();
  executor.stop();
}

BOOST_AUTO_TEST_CASE(threads_have_names) {
  ThreadExecutor executor({.threads = 2, .name = "a-very-long-name"});
  Guarded<std::set<std::string>> names;
  Countdown both(2);
  std::promise<void> release;
  auto released = release.get_future().share();
  for (int i = 0; i < 2; ++i) {
    executor.post([&, released] {
      char name[16] = {};
      pthread_getname_np(pthread_self(), name, sizeof name);
      names.with([&](auto& set) { set.insert(name); });
      both.down();
      released.wait();
    });
  }
  executor.start();
  both.wait();
  release.set_value();
  executor.stop();
  BOOST_TEST(names.with([](auto& set) { return set; }) ==
                 (std::set<std::string>{"a-very-long-n-0", "a-very-long-n-1"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(stop_drops_what_waits_and_what_comes_later) {
  std::atomic<int> ran = 0;
  auto kept = std::make_shared<int>(0);
  ThreadExecutor executor({.threads = 1});
  executor.post([&, kept] { ++ran; });
  executor.post_after(1h, [&, kept] { ++ran; });
  executor.stop();
  executor.post([&, kept] { ++ran; });
  executor.post_after(0ms, [&, kept] { ++ran; });
  BOOST_TEST(executor.pending() == 0U);
  executor.stop();
  BOOST_TEST(ran == 0);
  BOOST_TEST(executor.pending() == 0U);
  BOOST_TEST(kept.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(waiting_work_is_bounded) {
  ThreadExecutor executor({.threads = 1, .pending_max = 3});
  executor.post([] {});
  executor.post_after(1h, [] {});
  executor.post([] {});
  BOOST_CHECK_EXCEPTION(executor.post([] {}), Error, is_full);
  BOOST_CHECK_EXCEPTION(executor.post_after(1h, [] {}), Error, is_full);
  BOOST_TEST(executor.pending() == 3U);
  BOOST_CHECK_THROW(ThreadExecutor({.threads = 0}), Error);
}

BOOST_AUTO_TEST_CASE(manual_clocks_move_when_told) {
  ManualBusinessClock business(parse_instant("2026-01-04T05:00:00Z").value());
  business.advance(90s);
  BOOST_TEST(format_instant(business.now()) == "2026-01-04T05:01:30Z");
  business.set(parse_instant("2025-01-01T00:00:00Z").value());
  BOOST_TEST(format_instant(business.now()) == "2025-01-01T00:00:00Z");
  ManualSteadyClock steady;
  const auto start = steady.now();
  steady.advance(5s);
  steady.advance_to(start + 3s);
  BOOST_TEST((steady.now() - start == 5s));
}

BOOST_AUTO_TEST_CASE(manual_executor_runs_when_told) {
  ManualSteadyClock clock;
  ManualExecutor executor(clock);
  std::string order;
  executor.post([&] {
    order += 'a';
    executor.post([&] { order += 'c'; });
  });
  executor.post([&] { order += 'b'; });
  executor.post_after(2s, [&] { order += 'z'; });
  BOOST_TEST(executor.run_one());
  BOOST_TEST(order == "a");
  BOOST_TEST(executor.run_all() == 2U);
  BOOST_TEST(order == "abc");
  BOOST_TEST(executor.idle());
  BOOST_TEST(!executor.run_one());
  clock.advance(2s);
  BOOST_TEST(!executor.idle());
  BOOST_TEST(executor.run_all() == 1U);
  BOOST_TEST(order == "abcz");
}

BOOST_AUTO_TEST_CASE(advancing_stops_at_every_timer) {
  ManualSteadyClock clock;
  ManualExecutor executor(clock);
  const auto start = clock.now();
  std::vector<std::pair<char, std::int64_t>> seen;
  auto note = [&](char name) {
    seen.emplace_back(name, (clock.now() - start) / std::chrono::seconds(1));
  };
  executor.post_after(3s, [&] { note('c'); });
  executor.post_after(1s, [&] {
    note('a');
    executor.post_after(1s, [&] { note('b'); });
  });
  executor.post_after(3s, [&] { note('d'); });
  executor.post_after(11s, [&] { note('x'); });
  executor.post([&] { note('0'); });
  BOOST_TEST(executor.advance(10s) == 5U);
  const std::vector<std::pair<char, std::int64_t>> expected{
      {'0', 0}, {'a', 1}, {'b', 2}, {'c', 3}, {'d', 3}};
  BOOST_CHECK(seen == expected);
  BOOST_CHECK(clock.now() - start == 10s);
  BOOST_CHECK(executor.next_due().value() - start == 11s);
  executor.stop();
  BOOST_TEST(!executor.next_due().has_value());
  executor.post([&] { note('y'); });
  BOOST_TEST(executor.advance(10s) == 0U);
}

BOOST_AUTO_TEST_CASE(endless_work_is_noticed) {
  ManualSteadyClock clock;
  ManualExecutor executor(clock, 100);
  std::function<void()> again = [&] { executor.post(again); };
  executor.post(again);
  BOOST_CHECK_EXCEPTION(executor.run_all(), Error,
                        [](const Error& error) { return error.code() == "executor-endless"; });
}

BOOST_AUTO_TEST_SUITE_END()
