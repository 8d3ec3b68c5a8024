#pragma once

#include <memory>

#include "core/connector/connector.h"

namespace masar::folder {

/// The connector of connectors/README.md, "A connector in code": messages are files. What is put
/// into an inbound endpoint's folder as NAME.xml is taken in under the id NAME and then renamed to
/// NAME.taken or NAME.refused; an outbound endpoint writes a file for each effect.
std::unique_ptr<connector::Connector> make_folder(const connector::Context& context);

}  // namespace masar::folder
