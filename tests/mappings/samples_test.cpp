// Every mapping of the shipped service against the samples that stand beside it: NN.in.xml gives
// NN.out.xml. An input is a plain document, or `<sample>` with the variables that the mapping
// reads.
#define BOOST_TEST_DYN_LINK
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "core/base/error.h"
#include "core/engine/snapshot.h"
#include "core/message/xml_writer.h"

namespace masar {
namespace {

namespace fs = std::filesystem;
using expression::Kind;
using expression::Type;

const fs::path kRoot = MASAR_SOURCE_DIR;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

struct Sample {
  std::string mapping;
  fs::path in, out;
};
std::ostream& operator<<(std::ostream& out, const Sample& sample) {
  return out << sample.in.string();
}

std::vector<Sample> all_samples() {
  std::vector<Sample> samples;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "mappings")) {
    const std::string file = entry.path().filename().string();
    if (!file.ends_with(".in.xml")) continue;
    const fs::path folder = entry.path().parent_path();  // mappings/<partner>/samples/<name>
    const auto partner = folder.parent_path().parent_path().filename().string();
    const auto out = folder / (file.substr(0, file.size() - 7) + ".out.xml");
    samples.push_back({partner + "/" + folder.filename().string(), entry.path(), out});
  }
  std::sort(samples.begin(), samples.end(),
            [](const auto& a, const auto& b) { return a.in < b.in; });
  return samples;
}

const engine::Snapshot& snapshot() {
  static const auto loaded = [] {
    config::Diagnostics diagnostics;
    auto result = engine::Snapshot::load((kRoot / "config").string(), {}, diagnostics);
    if (!result) throw std::runtime_error(diagnostics.text());
    return result;
  }();
  return *loaded;
}

/// Every variable that some use of a mapping may see.
expression::Scope whole_scope() {
  expression::Scope scope = route::message_scope(snapshot().library);
  const auto add = [&](const std::string& name, const Type& type) {
    if (!scope.find(name)) scope.add(name, type);
  };
  for (const auto& [name, process] : snapshot().library.processes) {
    process->add_to(scope);
    for (const auto& effect : process->effects()) {
      for (const auto& [argument, type] : effect.arguments) add("effect." + argument, type);
    }
    for (const auto& reply : process->replies()) {
      for (const auto& [argument, type] : reply.arguments) add("reply." + argument, type);
    }
  }
  for (const char* name : {"effect.id", "effect.name", "reply.name", "refusal.code", "refusal.text",
                           "refusal.state", "refusal.key"}) {
    add(name, {Kind::text, {}, {}});
  }
  add("effect.at", {Kind::instant, {}, {}});
  add("now", {Kind::instant, {}, {}});
  return scope;
}

/// The document below `<document>`, as one of its own.
Document inner(const XmlReader& reader, pugi::xml_node element) {
  return reader.read(write_xml(element.first_child()));
}

std::string mapped(const Sample& sample) {
  const XmlReader reader(snapshot().prefixes, snapshot().hub.xml);
  const auto found = snapshot().library.mappings.find(sample.mapping);
  BOOST_REQUIRE_MESSAGE(found != snapshot().library.mappings.end(),
                        "no mapping " << sample.mapping);
  const expression::Scope scope = whole_scope();
  config::Diagnostics diagnostics;
  const auto mapping =
      mapping::Mapping::compile(*found->second, scope, snapshot().prefixes, diagnostics);
  BOOST_REQUIRE_MESSAGE(mapping, diagnostics.text());
  Document input = reader.read(read_file(sample.in));
  std::vector<expression::Value> variables(scope.size());
  const auto root = input->document_element();
  Document document = input;
  if (std::string_view(root.name()) == "sample") {
    document = root.child("document") ? inner(reader, root.child("document")) : nullptr;
    for (const auto& var : root.children("var")) {
      const auto slot = scope.find(var.attribute("name").value());
      BOOST_REQUIRE_MESSAGE(slot, "no variable " << var.attribute("name").value());
      variables[*slot] = expression::from_xml(var, scope.type(*slot));
    }
  }
  expression::Frame frame;
  frame.variables = variables;
  if (document) frame.context = *document;
  return write_xml(*mapping->apply(frame));
}

BOOST_AUTO_TEST_SUITE(samples)

BOOST_DATA_TEST_CASE(gives_what_stands_beside_it, boost::unit_test::data::make(all_samples()),
                     sample) {
  const XmlReader reader(snapshot().prefixes, snapshot().hub.xml);
  // Both as they are read: the order of namespace declarations says nothing.
  BOOST_TEST(write_xml(*reader.read(mapped(sample))) ==
             write_xml(*reader.read(read_file(sample.out))));
}

BOOST_AUTO_TEST_CASE(every_mapping_has_one) {
  std::set<std::string> shown;
  for (const auto& sample : all_samples()) shown.insert(sample.mapping);
  for (const auto& [id, element] : snapshot().library.mappings) {
    BOOST_CHECK_MESSAGE(shown.contains(id), "mapping " << id << " has no sample");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace masar
