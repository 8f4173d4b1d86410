// SPDX-License-Identifier: Apache-2.0
// Rows of a CSV or NDJSON file as the features of a model: what `auspex model score` reads.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/connectors/LineReader.h"
#include "operators/data/Arena.h"
#include "operators/models/CategoryEncoder.h"
#include "operators/models/Model.h"

namespace auspex::engine {

/// A file or a row of it cannot be scored; the message names the row.
struct ModelRowError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Reads features by name: those of the header, or the fields of each object; names match as
/// PREDICT's star does, and what is no feature is passed over. An empty cell or null is missing;
/// texts go through the feature's categories, unknown ones are missing. One thread.
class ModelRows {
 public:
  /// info: borrowed. The file is CSV with a header when its name ends in .csv (.csv.gz), else
  /// NDJSON. Throws ModelRowError: the file cannot be read, or its header lacks a feature.
  ModelRows(const operators::ModelInfo& info, const std::filesystem::path& path);

  /// Appends the features of up to maxRows rows, in the model's order, NaN for missing; returns how
  /// many, 0 at the end. Throws ModelRowError.
  size_t read(size_t maxRows, std::vector<double>& matrix);

 private:
  void readHeader();
  void readCsvRow(std::string_view line, double* features);
  void readJsonRow(std::string_view line, double* features);
  double parseCell(std::string_view text, size_t feature) const;
  /// The feature of a name in the file, by exact name or ignoring case.
  std::optional<size_t> featureOf(const std::string& name) const;
  void requireAll(const std::vector<bool>& given, const std::string& where) const;
  [[noreturn]] void fail(const std::string& reason) const;

  const operators::ModelInfo& info_;
  std::vector<std::string> names_;
  /// Per feature; null where values are numbers.
  std::vector<std::unique_ptr<operators::CategoryEncoder>> encoders_;
  bool isCsv_;
  LineReader lines_;
  size_t lineNumber_ = 0;
  /// CSV: per column the feature that it is.
  std::vector<std::optional<size_t>> columns_;
  operators::Arena arena_;
  std::vector<std::string_view> cells_;
};

}  // namespace auspex::engine
