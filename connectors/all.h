#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "connectors/http/listeners.h"
#include "connectors/tls/in_use.h"
#include "core/connector/connector.h"

namespace masar {

/// The connectors of this program: the one list of them. Owned by the composition root.
struct Connectors {
  std::unique_ptr<tls::InUse> certificates;    ///< of all of them; before `listeners`
  std::unique_ptr<http::Listeners> listeners;  ///< before `all`, which refers to it
  /// In the order of start(); http, which starts and stops the listeners of all, is the last.
  std::vector<std::unique_ptr<connector::Connector>> all;

  /// By name, or null.
  connector::Connector* find(std::string_view name) const;
};

/// What `context` refers to outlives the result.
Connectors make_connectors(const connector::Context& context);

}  // namespace masar
