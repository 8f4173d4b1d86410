// SPDX-License-Identifier: Apache-2.0
// A model that tl2cgen has compiled to a shared library, for comparison (tests/bench/compiled).
#pragma once

#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "operators/models/FeatureMatrix.h"

namespace auspex::bench {

/// Scores row by row through the library's own entry, so that nothing of tl2cgen's is measured but
/// the compiled trees.
class CompiledModel {
 public:
  /// Throws std::runtime_error when the file is no such library.
  explicit CompiledModel(const std::string& path) : handle_(dlopen(path.c_str(), RTLD_NOW)) {
    predict_ = handle_ ? reinterpret_cast<Predict>(dlsym(handle_.get(), "predict")) : nullptr;
    if (predict_ == nullptr) {
      throw std::runtime_error(dlerror());
    }
  }

  /// Takes rows over in the library's form.
  void setRows(operators::FeatureMatrix rows, size_t numOutputs) {
    numFeatures_ = rows.features;
    numOutputs_ = numOutputs;
    entries_.resize(rows.rows * rows.features);
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (std::isnan(rows.values[i])) {
        entries_[i].missing = -1;
      } else {
        entries_[i].value = rows.values[i];
      }
    }
  }

  /// [rows x outputs] values of the rows from the first on.
  void score(size_t first, std::vector<float>& values) {
    std::fill(values.begin(), values.end(), 0.0F);
    Entry* row = entries_.data() + first * numFeatures_;
    for (size_t i = 0; i < values.size(); i += numOutputs_, row += numFeatures_) {
      predict_(row, 0, values.data() + i);
    }
  }

 private:
  union Entry {
    int missing;
    float value;
  };
  using Predict = void (*)(Entry* row, int asMargin, float* result);
  struct Close {
    void operator()(void* handle) const { dlclose(handle); }
  };

  std::unique_ptr<void, Close> handle_;
  Predict predict_ = nullptr;
  size_t numFeatures_ = 0;
  size_t numOutputs_ = 1;
  std::vector<Entry> entries_;
};

}  // namespace auspex::bench
