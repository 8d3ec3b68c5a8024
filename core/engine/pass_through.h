#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/base/executor.h"
#include "core/connector/connector.h"
#include "core/engine/metrics.h"
#include "core/engine/snapshot.h"
#include "core/message/xml_reader.h"

namespace masar::engine {

/// The header under which a connector gets a message that is encoded already.
inline constexpr const char* kEncodedHeader = ":encoded";

/// Bridges two reliable sides (DESIGN §2): applies the route's steps, keeps nothing, and settles
/// the source with the outcome downstream. Without a step that looks inside, the encoded message
/// goes on as it came. Any thread; the credit of the source bounds what is under way.
class PassThrough {
 public:
  PassThrough(const XmlReader& reader, Metrics& metrics) : reader_(reader), metrics_(metrics) {}
  /// Once for each outbound endpoint, before the first message; its dispatcher uses it beside.
  void add(const std::string& endpoint, connector::Outbound& outbound) {
    outbounds_[endpoint] = &outbound;
  }

  void forward(const route::Route& route, connector::Received received,
               connector::Intake::Answer answer);

 private:
  std::optional<connector::PartAnswer> prepare(const route::Route& route,
                                               connector::Received& received,
                                               connector::Attempt& attempt) const;

  const XmlReader& reader_;
  Metrics& metrics_;
  std::map<std::string, connector::Outbound*, std::less<>> outbounds_;
};

}  // namespace masar::engine
