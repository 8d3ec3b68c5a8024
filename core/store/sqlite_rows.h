#pragma once

#include <string>

#include "core/store/columns.h"
#include "core/store/sqlite_statement.h"

namespace masar::store {

/// Binds a row's columns to the parameters of a statement, from the first on.
class Binder {
 public:
  explicit Binder(Statement& statement) : statement_(statement) {}
  template <typename... Values>
  void operator()(const Values&... values) {
    (statement_.bind_value(++index_, values), ...);
  }
  void blob(const std::string& bytes) { statement_.bind_blob(++index_, bytes); }
  void raw(const std::string& bytes) { statement_.bind_text(++index_, bytes); }

 private:
  Statement& statement_;
  int index_ = 0;
};

}  // namespace masar::store
