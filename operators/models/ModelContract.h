// SPDX-License-Identifier: Apache-2.0
// What all versions of a model have in common, so that one may take another's place under a running
// query.
#pragma once

#include "operators/models/Model.h"

namespace auspex::operators {

/// Checks that `next` takes the same inputs and gives the same outputs as `former`: features by
/// name (by place where there are no names), what values each of them takes, the forms that the
/// model gives and their widths; only the number of trees is free. Throws ModelError with the first
/// difference.
void requireSameContract(const ModelVersion& former, const ModelVersion& next);

/// Scores a row of missing values in every form, so that what is done once at the first call is
/// done before rows wait for it. Throws ModelError when a score cannot be had.
void warmUp(const ModelVersion& version);

}  // namespace auspex::operators
