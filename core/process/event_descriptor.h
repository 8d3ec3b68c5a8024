#pragma once

#include <string_view>

namespace masar::process {

/// An event descriptor (SCXML 3.12.1) without the `.*` or the full stop that it may end with.
inline std::string_view event_prefix(std::string_view descriptor) {
  if (descriptor.size() > 2 && descriptor.ends_with(".*"))
    descriptor.remove_suffix(2);
  if (descriptor.size() > 1 && descriptor.ends_with('.')) descriptor.remove_suffix(1);
  return descriptor;
}

/// Whether an event is of that prefix: its name, or one of its names after a full stop.
inline bool is_of_prefix(std::string_view event, std::string_view prefix) {
  return event.starts_with(prefix) &&
         (event.size() == prefix.size() || event[prefix.size()] == '.');
}

}  // namespace masar::process
