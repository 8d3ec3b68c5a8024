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

/// Runs a statement with a row's columns as its first parameters, and then what follows them.
template <typename Row, typename... More>
void run_with(Statement& statement, const Row& row, const More&... more) {
  Binder binder(statement);
  visit_columns(row, binder);
  binder(more...);
  statement.run();
}

}  // namespace masar::store
