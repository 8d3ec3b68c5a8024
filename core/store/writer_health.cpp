#include "core/store/writer_health.h"

#include <cstdio>
#include <cstdlib>

namespace masar::store {

void WriterHealth::good() {
  if (!well_) log_("info", "the store writes again");
  well_ = true;
  last_error_.clear();
}

void WriterHealth::bad(const Error& error) {
  if (last_error_ != error.what()) {
    last_error_ = error.what();
    log_("error", "the store cannot write, trying again: " + last_error_);
  }
  well_ = false;
}

void WriterHealth::end_process(int code, const std::string& why) const {
  log_("error", why);
  std::fflush(stderr);
  std::_Exit(code);
}

}  // namespace masar::store
