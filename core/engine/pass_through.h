#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/executor.h"
#include "core/connector/connector.h"
#include "core/engine/metrics.h"
#include "core/engine/pauses.h"
#include "core/engine/snapshot.h"
#include "core/message/xml_reader.h"

namespace masar::engine {

/// The header under which a connector gets a message that is encoded already.
inline constexpr const char* kEncodedHeader = ":encoded";

/// Bridges two reliable sides (DESIGN §2): applies the route's steps, keeps nothing, and settles
/// the source with the outcome downstream, or answers it with the reply from there. Without a step
/// that looks inside, the encoded message goes on as it came.
///
/// A message in parts is prepared whole before any of it is sent: where one part is refused, all
/// are. Then each part goes its way; where the outcome of one is not known, the whole message is to
/// come again, and its parts reach their endpoints again, under the same ids. Any thread; the
/// credit of the source bounds what is under way.
class PassThrough {
 public:
  PassThrough(const XmlReader& reader, const Pauses& pauses, Metrics& metrics)
      : reader_(reader), pauses_(pauses), metrics_(metrics) {}
  /// Once for each outbound endpoint, before the first message; its dispatcher uses it beside.
  void add(const std::string& endpoint, connector::Outbound& outbound) {
    outbounds_[endpoint] = &outbound;
  }

  void forward(const route::Route& route, connector::Received received,
               connector::Intake::Answer answer);

 private:
  struct Leg;
  class Passage;
  void forward_encoded(const route::Route& route, connector::Received received,
                       connector::Intake::Answer answer);
  std::vector<Leg> prepare(const route::Route& route, connector::Received received,
                           route::Origin& origin) const;
  Leg prepare_leg(const route::Route& route, route::Flow flow, connector::Attempt attempt) const;
  void send(std::vector<Leg> legs, const std::shared_ptr<Passage>& passage);
  void tap(Leg& leg);
  connector::PartAnswer answer_for(const route::Route& route, Leg leg,
                                   const connector::Outcome& outcome) const;

  const XmlReader& reader_;
  const Pauses& pauses_;
  Metrics& metrics_;
  std::map<std::string, connector::Outbound*, std::less<>> outbounds_;
};

}  // namespace masar::engine
