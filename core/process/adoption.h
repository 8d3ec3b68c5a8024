#pragma once

#include "core/process/definition.h"
#include "core/process/model.h"

namespace masar::process {

/// Definition::adopt() over the compiled form.
Adopted adopt_case(const Model& model, const Definition& from, const Case& before,
                   const Inputs& inputs);

}  // namespace masar::process
