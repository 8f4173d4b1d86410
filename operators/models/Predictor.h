// SPDX-License-Identifier: Apache-2.0
// How an operator gets rows scored without waiting: it submits batches and polls for what is done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "operators/models/Model.h"

namespace auspex::operators {

/// How a predictor wants its features: as one float32 matrix (a forest in this process), or as
/// typed columns by name (a model server, which must see 64-bit integers and strings as they are).
enum class FeatureLayout { Matrix, Columns };

/// One feature of all rows of a batch, for FeatureLayout::Columns.
struct FeatureColumn {
  std::string name;
  std::variant<std::vector<double>, std::vector<int64_t>, std::vector<uint8_t>,
               std::vector<std::string>>
      values;
  /// One byte per row, 0 = NULL; empty when no row is NULL.
  std::vector<uint8_t> validity;
};

/// Rows to be scored together by one version. Owns its features, since the scores may come later.
struct FeatureBatch {
  /// Chosen by the caller, handed back with the scores.
  uint64_t id = 0;
  /// Ordinals of the rows, handed back too; its size is the number of rows.
  std::vector<uint64_t> rowIds;
  std::shared_ptr<const ModelVersion> version;
  OutputForm form = OutputForm::Prediction;
  /// FeatureLayout::Matrix: [rows x features] float32 row-major, NaN = missing.
  std::vector<float> matrix;
  /// The same in double precision, used instead where the version is wide.
  std::vector<double> wideMatrix;
  /// FeatureLayout::Columns: one per feature, each as long as rowIds.
  std::vector<FeatureColumn> columns;
};

/// Why a row got no score.
struct RowFailure {
  enum class Reason {
    /// The model looked at the row and refused it: ON_ERROR decides.
    Refused,
    /// The server was not to be had after all retries: ON_UNAVAILABLE decides.
    Unavailable,
  };
  size_t rowIndex = 0;
  Reason reason = Reason::Refused;
  std::string message;
};

/// The answer to one FeatureBatch. The request comes back, so that its buffers can be used again
/// and failed rows can be sent elsewhere.
struct ScoredBatch {
  FeatureBatch request;
  size_t outputsPerRow = 0;
  /// [rows x outputsPerRow] row-major, in the order of request.rowIds; NaN where a row failed.
  std::vector<double> scores;
  /// In row order; empty when every row was scored.
  std::vector<RowFailure> failures;
};

/// Scores batches of rows for one task. Belongs to the task's thread and never waits: neither
/// method blocks on another thread, a socket or a broker.
class Predictor {
 public:
  virtual ~Predictor() = default;

  virtual FeatureLayout layout() const = 0;

  /// Takes the batch and returns true, or leaves it untouched and returns false when as many rows
  /// are in flight as the predictor was created for. A batch is always taken when nothing is in
  /// flight. Row failures come by poll; throws ModelError only when no row of the model could ever
  /// be scored.
  virtual bool submit(FeatureBatch& batch) = 0;

  /// Appends the batches that are done since the last call, in any order: their ids tell them
  /// apart. Returns how many it appended.
  virtual size_t poll(std::vector<ScoredBatch>& done) = 0;

  /// Rows submitted and not yet polled.
  virtual size_t rowsInFlight() const = 0;
};

}  // namespace auspex::operators
