#pragma once

#include <compare>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/connector/connector.h"

namespace masar::connector {

/// The root element of a payload; `uri` is empty for no namespace.
struct ElementName {
  std::string uri;
  std::string local;
  auto operator<=>(const ElementName&) const = default;
};

/// Where the correlation of what the hub sends comes from.
enum class Correlation {
  none,      ///< it has none
  sender,    ///< passed on: that of the message that came, where it had one
  case_key,  ///< the key of its case
  route,     ///< as the route says
};

/// A document that goes over an endpoint, as the routes say.
struct Exchange {
  ElementName root;          ///< empty: any document
  std::string type;          ///< the root as the configuration writes it: `pt:CaseUpdated`
  bool from_partner = true;  ///< who sends it; false: the hub
  bool reply = false;        ///< it answers a request of the other side
  std::string operation;     ///< of the call, where the route names one
  std::vector<std::string> headers;  ///< what the hub's route sends with it
  std::set<Correlation> correlation = {};  ///< of what the hub sends, by its routes

  /// The same document as another route, or another step of it, has it.
  void join(const Exchange& other);
};

/// A document beside the configuration that shows what goes over an endpoint: valid by its schema.
struct Sample {
  std::string name;  ///< of a file, without ending
  std::string xml;
};
using SamplesOf =
    std::function<std::vector<Sample>(const std::string& endpoint, const ElementName& root)>;

/// What a connector is asked for a partner's engineers: all the partner's endpoints that are its.
struct GuideRequest {
  struct Endpoint {
    const EndpointSpec* spec = nullptr;
    std::vector<Exchange> exchanges;
  };
  std::string hub;      ///< its name
  std::string partner;
  std::string version;  ///< of the configuration
  std::vector<Endpoint> endpoints;
  SamplesOf samples;
};

/// What a connector says of its endpoints to their partner's engineers: plain sentences, and the
/// documents that its protocol has for the purpose. Made from the configuration alone: the same
/// bytes for the same files, never a secret.
struct Guide {
  struct Fact {
    std::string what;  ///< "Address"
    std::string says;
  };
  struct Table {
    std::string title;
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows;
  };
  struct Part {
    std::vector<Fact> facts;
    std::vector<Table> tables;
  };
  struct File {
    std::string path;  ///< below the partner's folder
    std::string about;
    std::string contents;
  };
  std::map<std::string, Part> endpoints;  ///< by id
  std::vector<File> files;
};

/// Where the folder has an XSD file of the configuration, and an endpoint's samples.
std::string schema_path(std::string_view file);
std::string sample_path(const std::string& endpoint, const std::string& name,
                        std::string_view ending);

/// "30 s", "1.5 s", "5 min", "400 ms": a length of time for people.
std::string plain_time(std::chrono::milliseconds time);

}  // namespace masar::connector
