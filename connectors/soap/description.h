#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/message/xsd_gate.h"

namespace masar::soap {

/// A name as WSDL refers to it.
struct QualifiedName {
  std::string uri;
  std::string local;
};

/// What is described: one endpoint, the hub's own or one of a partner that the hub calls.
struct Described {
  struct Operation {
    std::string name;    ///< the request's element in the schema's namespace
    std::string action;
    QualifiedName reply;  ///< empty local name: one-way
  };
  static QualifiedName refusal();  ///< the hub's own fault
  std::string endpoint;
  std::string schema;  ///< the file that declares the requests
  std::string uri;     ///< and its namespace
  std::vector<Operation> operations;
  std::vector<QualifiedName> headers;  ///< blocks that go with requests and answers
  /// What stands in the detail of a fault; empty local name: nothing that is known.
  QualifiedName fault = refusal();
  bool soap11 = true, soap12 = true;  ///< the versions that it speaks
};

/// The global elements that a schema file and what it includes declare, and its namespace.
struct SchemaNames {
  std::string uri;
  std::vector<std::string> elements;
};
/// Nothing where `schemas` has no such file.
std::optional<SchemaNames> names_of(const std::vector<XsdGate::Source>& schemas,
                                    const std::string& file);

/// The WSDL 1.1 of an endpoint, document/literal in SOAP 1.1 and 1.2, and the schemas that it
/// imports: those of the configuration, and one of the hub's refusals. Immutable; any thread.
class Description {
 public:
  /// `schemas` outlives it. A header block is described where one of them declares its element.
  Description(Described described, const std::vector<XsdGate::Source>& schemas);

  /// Where a schema file is found from the WSDL, or from another schema.
  using Locate = std::function<std::string(std::string_view file)>;
  /// As an endpoint serves them: `?xsd=NAME` behind its URL.
  static Locate served_at(std::string_view address);

  /// `address`: the endpoint's URL.
  std::string wsdl(std::string_view address, const Locate& locate) const;
  /// An imported schema by the name in its URL, with its own references rewritten; nothing where
  /// the WSDL leads to no such one.
  std::optional<std::string> xsd(std::string_view name, const Locate& locate) const;
  /// The files that it leads to, by their names; the references in them are as in the
  /// configuration.
  std::vector<XsdGate::Source> files() const;

 private:
  bool refuses() const;
  void reach(const std::string& file);
  void add_header(const QualifiedName& header);
  const Described described_;
  const std::vector<XsdGate::Source>& schemas_;
  std::vector<const XsdGate::Source*> reached_;           ///< from the WSDL on
  std::vector<std::pair<std::string, std::string>> imports_;  ///< namespace → file
  std::vector<QualifiedName> headers_;                    ///< those that a schema declares
};

}  // namespace masar::soap
