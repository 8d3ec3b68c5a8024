#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/http/server.h"
#include "connectors/soap/envelope.h"
#include "core/base/time.h"
#include "core/connector/connector.h"

namespace masar::soap {

/// A header block that an inbound endpoint knows: it goes back with the answer as it came, and its
/// text goes on as a header of the message.
struct KnownBlock {
  std::string name;  ///< with the hub's prefix
  std::string as;    ///< the message's header; empty: it goes back only
  bool required = false;
};

/// What an envelope's header says of the known blocks.
struct HeaderBlocks {
  http::Pairs headers;   ///< header of the message → text; of a block with children the texts of
                         ///< its leaves, with `/` between
  std::string repeated;  ///< the blocks as they came, with their namespaces
};

/// Throws BadEnvelope for a block that is missing or there twice, or whose text is over 1024 bytes.
HeaderBlocks read_blocks(pugi::xml_node header, const std::vector<KnownBlock>& known);

/// A header block that an outbound endpoint sends.
struct SentBlock {
  enum class Source { value, header, effect, time };
  std::string name;  ///< without prefix
  std::string uri;
  Source source = Source::value;
  std::string value;  ///< the text, or the header's name in lower case
};

/// The blocks of one attempt as XML; one whose header the attempt lacks is left out.
std::string write_blocks(const std::vector<SentBlock>& blocks, const connector::Attempt& attempt,
                         Instant now);

}  // namespace masar::soap
