#include <algorithm>
#include <cstdio>
#include <set>

#include "connectors/all.h"
#include "core/base/error.h"
#include "core/base/thread_executor.h"
#include "core/engine/exchanges.h"
#include "core/engine/samples.h"
#include "core/message/xsd_files.h"
#include "ops/masar/assembly.h"
#include "ops/masar/commands.h"
#include "ops/masar/partner_folder.h"
#include "ops/masar/partner_readme.h"

namespace masar {
namespace {

using connector::Guide;
using connector::GuideRequest;

/// All that the folder holds besides its README: path → contents, and → what it is.
struct Contents {
  FolderFiles files;
  std::map<std::string, std::string> about;

  void add(const std::string& path, const std::string& what, const std::string& contents) {
    files.emplace(path, contents);
    about.emplace(path, what);
  }
};

std::vector<std::string> partners_of(const engine::Snapshot& snapshot) {
  std::set<std::string> names;
  for (const auto& [id, endpoint] : snapshot.endpoints) names.insert(endpoint->spec.partner);
  return {names.begin(), names.end()};
}

std::vector<GuidedEndpoint> endpoints_of(const engine::Snapshot& snapshot,
                                         const std::string& partner) {
  std::vector<GuidedEndpoint> found;
  for (const auto& [id, endpoint] : snapshot.endpoints) {
    if (endpoint->spec.partner != partner) continue;
    found.push_back({endpoint.get(), engine::exchanges_of(snapshot, *endpoint),
                     engine::refusals_of(snapshot, *endpoint), {}});
  }
  return found;
}

void add_schemas(const engine::Snapshot& snapshot, const engine::Endpoint& endpoint,
                 Contents& contents) {
  std::vector<const XsdGate::Source*> reached;
  if (!endpoint.spec.schema.empty())
    add_reached_schemas(snapshot.schemas, endpoint.spec.schema, reached);
  for (const auto* one : reached)
    contents.add(connector::schema_path(one->path), "schema, XSD 1.0", one->contents);
}

void add_samples(const GuidedEndpoint& endpoint, const connector::SamplesOf& samples,
                 Contents& contents) {
  const std::string& id = endpoint.endpoint->spec.id;
  for (const auto& exchange : endpoint.exchanges) {
    if (exchange.root.local.empty()) continue;
    for (const auto& sample : samples(id, exchange.root)) {
      contents.add(connector::sample_path(id, sample.name, ".xml"),
                   "a sample of " + exchange.root.local, sample.xml);
    }
  }
}

/// What each connector says of its endpoints among these.
void ask_connectors(const Connectors& connectors, GuideRequest request,
                    std::vector<GuidedEndpoint>& endpoints, Contents& contents) {
  for (const auto& connector : connectors.all) {
    request.endpoints.clear();
    for (const auto& one : endpoints) {
      if (one.endpoint->connector == connector->name())
        request.endpoints.push_back({&one.endpoint->spec, one.exchanges});
    }
    if (request.endpoints.empty()) continue;
    Guide guide = connector->guide(request);
    for (auto& file : guide.files) contents.add(file.path, file.about, file.contents);
    for (auto& one : endpoints) {
      const auto part = guide.endpoints.find(one.endpoint->spec.id);
      if (part != guide.endpoints.end()) one.part = std::move(part->second);
    }
  }
}

FolderFiles folder_of(const engine::Snapshot& snapshot, const std::string& partner,
                      const Connectors& connectors, const engine::Samples& known) {
  std::vector<GuidedEndpoint> endpoints = endpoints_of(snapshot, partner);
  const connector::SamplesOf samples = [&known](const std::string& endpoint,
                                                const connector::ElementName& root) {
    return known.of(endpoint, root);
  };
  Contents contents;
  for (const auto& one : endpoints) {
    add_schemas(snapshot, *one.endpoint, contents);
    add_samples(one, samples, contents);
  }
  ask_connectors(connectors,
                 {snapshot.hub.name, partner, version_of(snapshot), {}, samples}, endpoints,
                 contents);
  contents.files["README.md"] = partner_readme(snapshot, partner, endpoints, contents.about);
  return std::move(contents.files);
}

}  // namespace

int write_partner_docs(const RunOptions& options, const std::string& partner,
                       const std::string& folder) {
  config::Diagnostics diagnostics;
  const auto snapshot = engine::Snapshot::load(options.config, overrides(options), diagnostics);
  if (snapshot) {
    ThreadExecutor executor({1, 1000, "docs"});
    const Machine machine(executor, options.secrets, *snapshot);
    const Connectors connectors = make_connectors(machine.context());
    check_connectors(*snapshot, connectors, diagnostics);
    const engine::Samples samples(*snapshot, diagnostics);
    if (diagnostics.empty()) {
      const auto known = partners_of(*snapshot);
      if (std::find(known.begin(), known.end(), partner) == known.end()) {
        std::string all;
        for (const auto& name : known) all += (all.empty() ? "" : ", ") + name;
        throw Error(ErrorKind::config, "unknown-partner",
                    "no endpoint is of a partner \"" + partner + "\"; there are: " + all);
      }
      write_folder(folder, folder_of(*snapshot, partner, connectors, samples));
      return kOk;
    }
  }
  std::fputs(diagnostics.text().c_str(), stderr);
  return kFailed;
}

}  // namespace masar
