#pragma once

namespace masar::store {

/// Resets a statement that yields rows, also where reading them throws.
template <typename Statement>
class Reading {
 public:
  explicit Reading(Statement& statement) : statement_(statement) {}
  ~Reading() { statement_.reset(); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

 private:
  Statement& statement_;
};

}  // namespace masar::store
