#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/process/model.h"

namespace masar::process {

/// Names the types of what a case keeps, for the functions below: once a model is compiled.
void name_types(Model& model);

/// The data of a case as the store keeps it: `<data><v n="due" t="fils">12.345</v><v
/// n="departments" t="list of text"><item>roads</item></v>…</data>`. Unset values are left out.
/// What a definition keeps beside its data (counters of deadlines, values of aliases) has a colon
/// in its name, which no data has.
std::string encode_data(const Model& model, const std::vector<expression::Value>& data);

/// The reverse: values by name. A name that the definition does not have is passed over, one that
/// the bytes do not have, or have with another type, is as empty_data() leaves it. Throws
/// Error(internal, "case-data") where the bytes are not such a document.
std::vector<expression::Value> decode_data(const Model& model, std::string_view bytes);

}  // namespace masar::process
