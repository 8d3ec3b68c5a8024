#pragma once

#include <map>
#include <string>
#include <string_view>

namespace masar::testing {

/// A configuration as text: path below its folder (`config/hub.xml`, `mappings/order/note.map.xml`)
/// → contents.
class ConfigText {
 public:
  ConfigText() = default;
  explicit ConfigText(std::map<std::string, std::string> files) : files_(std::move(files)) {}

  /// One file, made or replaced whole.
  ConfigText& set(const std::string& path, std::string contents);
  ConfigText& remove(const std::string& path);
  /// Replaces the one place where `from` stands in a file. Throws std::runtime_error where it
  /// stands nowhere or twice: a test must not change less than it says.
  ConfigText& change(const std::string& path, std::string_view from, std::string_view to);
  /// Writes all files below `folder`.
  void write_to(const std::string& folder) const;

 private:
  std::map<std::string, std::string> files_;
};

/// A small service of the tests' own. A shop orders over `shop-in` (no reply) and is told over
/// `shop-out`; a supplier is asked for a quote (idempotent, may be asked again); a gateway sends
/// short messages (at most once); a bank pays over `pay-in` (parts, replies) and asks over `ask-in`
/// (query).
///
/// The process `order`: asking → paying → paid | cancelled. Its data `notes` says, in order, what
/// applied. An order's `mode` and a note's `text` choose what goes wrong:
/// note `break` breaks an invariant, `label` makes an effect whose document cannot be built,
/// `label!` the same as an essential one, `again` enters `asking` once more, `refuse` is refused,
/// `fast` sends three short messages; mode `bad-reminder` makes the reminder's deadline fail.
ConfigText order_config();

}  // namespace masar::testing
