#pragma once

#include <string>

#include "core/connector/connector.h"
#include "core/engine/metrics.h"
#include "core/message/xml_reader.h"
#include "core/route/route.h"

namespace masar::engine {

/// A part of a message as a document of its own, with the namespace declarations that it needs;
/// `payload` becomes its bytes. `as_read`: the tree is as the reader made it. Throws what the
/// reader throws.
Document part_document(pugi::xml_node node, bool as_read, const XmlReader& reader,
                       std::string& payload);

/// The elements that `parts=` of the route selects in a message, in their order. Throws
/// Error(rejected, "no-parts" or "too-many-parts").
expression::Nodes parts_of(const route::Route& route, const expression::Frame& frame);

/// The one answer that `<aggregate>` of the route makes of its parts' answers; without one they
/// stay as they are. Its mapping sees
///
///     <parts><part state="accepted|replied|refused" code="…" text="…">…the reply…</part>…</parts>
///
/// in the parts' order, code and text only of refused ones. While some part is to come again, the
/// whole message is; and where the mapping fails, which the alarm "aggregate" counts.
connector::IntakeAnswer aggregated(const route::Route& route, const route::Origin& origin,
                                   connector::IntakeAnswer parts, Metrics& metrics);

}  // namespace masar::engine
