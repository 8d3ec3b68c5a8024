#include "core/store/writer_health.h"

#include <cstdio>
#include <cstdlib>

namespace masar::store {

void WriterHealth::good() {
  if (!well_) std::fprintf(stderr, "masar: the store writes again\n");
  well_ = true;
  last_error_.clear();
}

void WriterHealth::bad(const Error& error) {
  if (last_error_ != error.what()) {
    last_error_ = error.what();
    std::fprintf(stderr, "masar: the store cannot write, trying again: %s\n", error.what());
  }
  well_ = false;
}

void end_process(int code, const std::string& why) {
  std::fprintf(stderr, "masar: %s\n", why.c_str());
  std::fflush(stderr);
  std::_Exit(code);
}

}  // namespace masar::store
