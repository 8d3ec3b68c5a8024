#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/http/inbound.h"
#include "core/base/clock.h"

namespace masar::http {

/// `<parameter name="code" length-max="64"/>`: one name that a query must have, once.
struct QueryParameter {
  std::string name;
  std::size_t length_max = 64;  ///< code points
};

/// What a GET endpoint is told by its element.
struct QuerySettings {
  std::vector<QueryParameter> parameters;
  std::string uri;  ///< namespace of the document; empty: none
  std::string reply_type = "application/xml; charset=utf-8";
  std::size_t per_second = 20;  ///< requests, with as many at once; more: 429
};

/// An `<http method="GET">`: asks a route with mode="query" and changes nothing. Immutable but for
/// its count of requests; its handler is called on the server's threads.
class QueryDoor : public std::enable_shared_from_this<QueryDoor> {
 public:
  /// `door` is complete; `steady` outlives this.
  QueryDoor(Door door, QuerySettings settings, const SteadyClock& steady);
  ~QueryDoor();

  Handler handler() const;

  /// `<parameters>` with an element for each parameter, in the order of the settings; or why the
  /// request is refused: a name that is not declared, comes twice or is missing, a value that is
  /// too long or no text.
  std::optional<Problem> document_of(const Pairs& query, std::string& document) const;

 private:
  void take(const Request& request, const Respond& respond) const;
  Response answer_of(const connector::PartAnswer& answer) const;
  Response page(const pugi::xml_document& document) const;
  bool admits() const;

  const Door door_;
  const QuerySettings settings_;
  const SteadyClock& steady_;
  struct Rate;
  const std::unique_ptr<Rate> rate_;
};

/// Whether `<http>` says method="GET".
bool is_query(const config::Element& own);
/// Its table then, door_fields() among them.
const config::ElementTable& query_table();
/// What its attributes (`values`, by that table) and its elements say.
QuerySettings read_query(const config::Values& values, const config::Element& own,
                         config::Diagnostics& diagnostics);

}  // namespace masar::http
