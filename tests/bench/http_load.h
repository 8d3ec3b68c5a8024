#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace masar::bench {

/// Many callers by HTTP/1.1, each on a connection that it keeps and with one request under way.
struct HttpLoad {
  std::string address;     ///< `127.0.0.1:port`
  std::string request;     ///< head and body, the bytes of every request
  std::string expected;    ///< what every answer's body holds; another one is an error
  std::size_t callers = 100;
  double seconds = 1;
};

struct HttpLoadResult {
  std::uint64_t answered = 0;
  double seconds = 0;
  double p50_ms = 0;
  double p99_ms = 0;
};

/// On the calling thread. Throws std::runtime_error where a connection ends, or an answer is not
/// 200 with what is expected.
HttpLoadResult run_http_load(const HttpLoad& load);

}  // namespace masar::bench
