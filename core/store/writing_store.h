#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/store/reading_store.h"

namespace masar::store {

/// A store that is read and written. `Writing` owns what writes, its member `writer`, and what that
/// has written lately, its member `recent`; it is made from the settings and a clock, and is there
/// before the readers, because it brings the schema up to date.
template <typename Writing, typename Session>
class WritingStore : protected Writing, public ReadingStore<Session> {
 public:
  void submit(Transaction transaction, Store::Done done) override {
    this->writer.submit(std::move(transaction), std::move(done));
  }
  std::size_t run_writer() override { return this->writer.run_once(); }
  void stop() override { this->writer.stop(); }
  bool healthy() const override { return this->writer.healthy(); }
  std::map<std::string, std::int64_t> counts() override {
    auto counts = ReadingStore<Session>::counts();
    counts["groups_committed"] = this->writer.groups();
    return counts;
  }
  std::optional<OutboxRow> find_outbox(std::string_view id) override {
    if (auto row = this->recent.find_outbox(id)) return row;
    return ReadingStore<Session>::find_outbox(id);
  }
  std::optional<std::string> find_alias(std::string_view name, std::string_view value) override {
    if (auto key = this->recent.find_alias(name, value)) return key;
    return ReadingStore<Session>::find_alias(name, value);
  }
  std::optional<std::string> find_case_key(std::string_view key, std::string_view alias) override {
    if (this->recent.has_case(key)) return std::string(key);
    return ReadingStore<Session>::find_case_key(key, alias);
  }

 protected:
  template <typename Settings>
  WritingStore(const Settings& settings, const BusinessClock& clock,
               typename SessionPool<Session>::Open open_reader)
      : Writing(settings, clock), ReadingStore<Session>(std::move(open_reader), settings.readers) {}
};

}  // namespace masar::store
