#pragma once

#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/message/xsd_quick.h"
#include "core/message/xsd_value.h"

namespace masar {

/// What XsdQuick knows of a schema. Elements and types are held here and pointed to, for a type may
/// contain itself.
struct XsdQuick::Grammar {
  static constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();

  struct Type;
  struct Element {
    int uri = 0;  // its place in `uris`
    std::string local;
    const Type* type = nullptr;  // null: not known
  };
  struct Particle {
    enum class Kind { element, sequence, choice };
    Kind kind = Kind::sequence;
    std::size_t least = 1;
    std::size_t most = 1;
    const Element* element = nullptr;
    std::vector<Particle> parts;
  };
  struct Type {
    bool known = false;
    std::optional<XsdValue> value;  // of a simple type
    Particle content;               // of a complex one
  };

  int uri_of(const std::string& uri) {
    for (std::size_t i = 0; i < uris.size(); ++i) {
      if (uris[i] == uri) return static_cast<int>(i);
    }
    uris.push_back(uri);
    return static_cast<int>(uris.size()) - 1;
  }

  std::vector<std::string> uris{""};  // the first stands for no namespace
  std::vector<std::unique_ptr<Type>> types;
  std::vector<std::unique_ptr<Element>> elements;
  std::vector<const Element*> roots;
};

}  // namespace masar
