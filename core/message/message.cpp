#include "core/message/message.h"

namespace masar {

std::string_view Message::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace masar
