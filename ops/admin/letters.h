#pragma once

#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "core/engine/hub.h"

namespace masar::admin {

/// A document with its shape and without what it says: element and attribute names stay, values are
/// masked as personal ones are (GUARANTEES G13), numbers in names too. Bytes that are no UTF-8 show
/// nothing. At most 16 KiB are looked at.
std::string masked_document(std::string_view bytes);

/// Their size, and the document masked.
boost::json::object bytes_json(const std::string& bytes);

boost::json::object dead_letter_json(const store::DeadLetterRow& row);
/// With its cause, snapshot, task, and its bytes as sizes and masked documents.
boost::json::object dead_letter_detail(engine::Hub& hub, const store::DeadLetterRow& row);
/// The open ones by fingerprint: how many, the first and the newest. At most 10,000 are counted.
boost::json::object dead_letter_causes(engine::Hub& hub);

}  // namespace masar::admin
