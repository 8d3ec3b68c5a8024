#include "core/base/plant.h"

#ifdef MASAR_PLANTS
#include <cstdlib>
#include <string>

namespace masar {
namespace {

std::string& chosen() {
  static std::string name = [] {
    const char* text = std::getenv("MASAR_PLANT");
    return std::string(text == nullptr ? "" : text);
  }();
  return name;
}

}  // namespace

bool planted(std::string_view name) { return chosen() == name; }

void plant(std::string_view name) { chosen() = name; }

}  // namespace masar
#endif
