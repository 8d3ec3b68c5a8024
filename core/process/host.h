#pragma once

#include <string_view>
#include <vector>

#include "core/expression/expression.h"

namespace masar::process {

/// What a process's own functions ask of the transition under way.
class ProcessHost : public expression::Host {
 public:
  virtual bool is_in(std::string_view state) const = 0;
  virtual std::string next_serial(std::string_view series) = 0;
  /// The due time of the open deadline, or unset.
  virtual expression::Value due_of(std::string_view deadline) const = 0;
};

/// `in('state')`, `serial('series')`, `deadline('name')`.
const std::vector<expression::Function>& process_functions();

}  // namespace masar::process
