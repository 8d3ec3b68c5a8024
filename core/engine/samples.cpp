#include "core/engine/samples.h"

#include <algorithm>
#include <filesystem>

#include "core/base/error.h"
#include "core/engine/exchanges.h"
#include "core/message/xml_names.h"
#include "core/message/xml_writer.h"
#include "core/route/compiler.h"

namespace masar::engine {
namespace {

namespace fs = std::filesystem;
using connector::ElementName;

constexpr std::uintmax_t kFileBytesMax = 1u << 20;
constexpr std::size_t kOfMappingsMax = 3;  ///< of one type

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_regular_file() && entry.path().extension() == ".xml")
      found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

ElementName root_name(const masar::Document& document) {
  const auto root = document->document_element();
  return {std::string(namespace_of(root)), std::string(local_part(root.name()))};
}

bool is_valid(const Endpoint& endpoint, const masar::Document& document) {
  return !endpoint.gate || endpoint.gate->validate(document->document_element()).empty();
}

}  // namespace

Samples::Samples(const Snapshot& snapshot, config::Diagnostics& diagnostics)
    : snapshot_(snapshot) {
  read_endpoint_samples(diagnostics);
  read_mapping_samples();
}

void Samples::read_endpoint_samples(config::Diagnostics& diagnostics) {
  fs::path folder;
  for (const auto& [id, endpoint] : snapshot_.endpoints) {
    folder = fs::path(endpoint->place.file).parent_path().parent_path() / "samples";
    const auto paths = files_in(folder / id);
    if (paths.empty()) continue;
    const auto exchanges = exchanges_of(snapshot_, *endpoint);
    for (const auto& path : paths) add_own(*endpoint, exchanges, path.string(), diagnostics);
  }
  std::error_code error;
  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!snapshot_.endpoint(entry.path().filename().string())) others.push_back(entry.path());
  }
  std::sort(others.begin(), others.end());
  for (const auto& path : others) {
    diagnostics.add({path.string(), 0, 0}, "there is no endpoint of that name",
                    config::suggest(path.filename().string(),
                                    route::keys_of(snapshot_.library.endpoints)));
  }
}

void Samples::add_own(const Endpoint& endpoint,
                      const std::vector<connector::Exchange>& exchanges, const std::string& path,
                      config::Diagnostics& diagnostics) {
  const config::Place place{path, 0, 0};
  auto contents = config::read_file(path, kFileBytesMax);
  if (!contents) return diagnostics.add(place, "cannot be read, or is larger than 1 MiB");
  try {
    masar::Document tree = snapshot_.reader->read(*contents);
    const ElementName root = root_name(tree);
    const auto& declared = snapshot_.library.roots;
    const auto roots = declared.find(endpoint.spec.id);
    const std::string type = tree->document_element().name();
    const bool known =
        std::any_of(exchanges.begin(), exchanges.end(),
                    [&](const auto& one) { return one.root == root || one.root.local.empty(); }) ||
        (roots != declared.end() && std::find(roots->second.begin(), roots->second.end(), type) !=
                                        roots->second.end());
    if (!known) {
      return diagnostics.add(place, "no " + type + " goes over endpoint " + endpoint.spec.id);
    }
    if (endpoint.gate) {
      for (const auto& finding : endpoint.gate->validate(tree->document_element()))
        diagnostics.add(place, finding.element + ": " + finding.text,
                        "it has to be valid by " + endpoint.spec.schema);
    }
    own_[endpoint.spec.id].push_back(
        {fs::path(path).stem().string(), root, std::move(*contents), std::move(tree)});
  } catch (const Error& error) {
    diagnostics.add(place, error.what());
  }
}

/// `MAPPING/samples/NAME/NN.in.xml` and `NN.out.xml`; an input that brings variables holds its
/// document in `<sample><document>`. What cannot be read is for the mappings' own tests to say.
void Samples::read_mapping_samples() {
  for (const auto& [id, mapping] : snapshot_.library.mappings) {
    const fs::path file(mapping->place.file);
    const std::string name = id.substr(id.rfind('/') + 1);
    for (const auto& path : files_in(file.parent_path() / "samples" / name)) {
      auto contents = config::read_file(path.string(), kFileBytesMax);
      if (!contents) continue;
      try {
        masar::Document tree = snapshot_.reader->read(*contents);
        const auto root = tree->document_element();
        if (const auto inner = root.child("document"); std::string_view(root.name()) == "sample") {
          const auto document = inner.find_child(
              [](pugi::xml_node node) { return node.type() == pugi::node_element; });
          if (!document) continue;
          contents = write_xml(document) + "\n";
          tree = snapshot_.reader->read(*contents);
        }
        of_mappings_.push_back({name, root_name(tree), std::move(*contents), std::move(tree)});
      } catch (const Error&) {
        continue;
      }
    }
  }
}

std::vector<connector::Sample> Samples::of(const std::string& id, const ElementName& root) const {
  std::vector<connector::Sample> found;
  if (const auto own = own_.find(id); own != own_.end()) {
    for (const auto& one : own->second) {
      if (one.root == root) found.push_back({one.name, one.xml});
    }
  }
  const Endpoint* endpoint = snapshot_.endpoint(id);
  if (!found.empty() || !endpoint) return found;
  for (const auto& one : of_mappings_) {
    if (found.size() == kOfMappingsMax) break;
    const bool twice = std::any_of(found.begin(), found.end(),
                                   [&](const auto& other) { return other.xml == one.xml; });
    if (twice || one.root != root || !is_valid(*endpoint, one.tree)) continue;
    found.push_back({root.local + "-" + std::to_string(found.size() + 1), one.xml});
  }
  return found;
}

}  // namespace masar::engine
