#pragma once

#include <new>
#include <stdexcept>
#include <string>

namespace masar {

/// What an error means to whoever catches it.
enum class ErrorKind {
  config,     ///< a file of the configuration is wrong; found before anything runs
  rejected,   ///< the input is wrong and stays wrong: answer the sender, never retry
  transient,  ///< may succeed when tried again
  internal,   ///< our own fault, or the machine's
};

/// The one exception type that crosses layers. A library's exception is translated where the
/// library is called. `code` is a stable name in kebab-case ("xml-too-deep"), made for programs;
/// what() is made for people and carries no payload and no personal data.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, std::string code, const std::string& text)
      : std::runtime_error(text), kind_(kind), code_(std::move(code)) {}

  ErrorKind kind() const noexcept { return kind_; }
  const std::string& code() const noexcept { return code_; }

 private:
  ErrorKind kind_;
  std::string code_;
};

/// Whatever was thrown as an Error. Lack of memory is transient; what no code of ours has typed is
/// a deterministic failure of the pure code that threw it: rejected, "unexpected".
inline Error typed_failure(const std::exception& thrown) {
  if (const auto* error = dynamic_cast<const Error*>(&thrown)) return *error;
  if (dynamic_cast<const std::bad_alloc*>(&thrown))
    return Error(ErrorKind::transient, "no-memory", "there is no memory for it now");
  return Error(ErrorKind::rejected, "unexpected", thrown.what());
}

}  // namespace masar
