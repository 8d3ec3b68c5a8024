#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/connector/guide.h"
#include "core/engine/snapshot.h"

namespace masar::engine {

/// The documents that stand beside a configuration to show what goes over its endpoints:
/// - `samples/ENDPOINT/NAME.xml` in the configuration's folder: whole documents of that endpoint;
/// - where an endpoint has none of a type there: those of the mappings' samples that are of it.
/// They are no part of the configuration's hash: nothing runs by them.
///
/// Read once; then immutable, any thread.
class Samples {
 public:
  /// Reads them for a snapshot that was loaded from files. Of the first kind those that cannot be
  /// read, are of no endpoint, or not valid by their endpoint's schema, and a type that the
  /// endpoint does not know, go to `diagnostics`. At most 1 MiB a file. `snapshot` outlives this.
  Samples(const Snapshot& snapshot, config::Diagnostics& diagnostics);

  /// Of the endpoint, valid by its schema, in the order of their names; at most three of a type
  /// from the mappings.
  std::vector<connector::Sample> of(const std::string& endpoint,
                                    const connector::ElementName& root) const;

 private:
  struct Document {
    std::string name;
    connector::ElementName root;
    std::string xml;
    masar::Document tree;
  };
  void read_endpoint_samples(config::Diagnostics& diagnostics);
  void read_mapping_samples();
  void add_own(const Endpoint& endpoint, const std::vector<connector::Exchange>& exchanges,
               const std::string& path, config::Diagnostics& diagnostics);

  const Snapshot& snapshot_;
  std::map<std::string, std::vector<Document>, std::less<>> own_;  ///< by endpoint
  std::vector<Document> of_mappings_;
};

}  // namespace masar::engine
