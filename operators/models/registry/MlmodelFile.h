// SPDX-License-Identifier: Apache-2.0
// The file "MLmodel" that MLflow keeps with each model: which of its files the trees are in.
#pragma once

#include <string>
#include <string_view>

namespace auspex::operators {

/// The path of the file with the trees, beside "MLmodel": what the flavour xgboost, or lightgbm,
/// calls its data. Throws ModelError when there is none of these, or its path leads elsewhere.
std::string treesFileOf(std::string_view mlmodel);

}  // namespace auspex::operators
