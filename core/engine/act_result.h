#pragma once

#include <string>

namespace masar::engine {

/// How an operator's act ended, in HTTP's terms because every surface speaks them: 200 done, 404
/// there is no such thing, 409 it cannot be done now, 422 the request is wrong, 503 try again.
struct ActResult {
  int status = 200;
  std::string code;  ///< of an error: kebab-case
  std::string text;  ///< for people
};

}  // namespace masar::engine
