// SPDX-License-Identifier: Apache-2.0
// A version of a model as those see it who send requests: which tensors it takes and gives, and the
// scores of many requests' rows in one call.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "operators/models/FeatureBinding.h"
#include "operators/models/Model.h"
#include "operators/models/serving/InferRequest.h"

namespace auspex::operators {

/// Numbers that one request may ask for; more rows are asked for by more requests.
inline constexpr size_t kMaxRequestScores = size_t{1} << 22;

/// Any thread; nothing in it changes. A request gives features in one of two ways: one tensor of
/// shape [rows, features], whatever its name, in the model's order; or a tensor of shape [rows] or
/// [rows, 1] for each feature, found by name as PREDICT's star finds columns, others passed over.
/// Values become features as in PREDICT. Outputs are "predict" (what PREDICT gives, the one that is
/// given without asking), "predict_proba" and "predict_margin".
class RequestScorer {
 public:
  /// version: one that scores in this process.
  explicit RequestScorer(std::shared_ptr<const ModelVersion> version);

  const ModelVersion& version() const { return *version_; }

  /// A tensor per feature where the model has names, else one "input" of shape [-1, features].
  std::vector<TensorMetadata> inputs() const;
  /// The prediction.
  std::vector<TensorMetadata> outputs() const;

 private:
  friend class InferBatch;

  /// How one feature takes the values of a kind, or why it does not.
  struct Source {
    std::optional<FeatureSource> source;
    std::string refusal;
  };
  /// By the alternatives of FeatureColumn::values.
  using Sources = std::array<Source, 4>;

  /// Which tensors feed the features.
  struct Feed {
    std::vector<size_t> tensors;  ///< one per feature; empty: the only tensor feeds all
    size_t numRows = 0;
  };
  /// Throws ModelError when the request's tensors are not the model's features.
  Feed feedOf(const InferRequest& request) const;
  std::vector<size_t> findTensors(const InferRequest& request) const;
  const FeatureSource& sourceOf(size_t feature, const FeatureColumn& column) const;
  template <typename Number>
  void fill(const InferRequest& request, const Feed& feed, Number* matrix) const;

  std::shared_ptr<const ModelVersion> version_;
  std::vector<std::string> names_;  ///< of the features
  std::vector<Sources> sources_;    ///< of the features
};

/// The rows of several requests to one version. One thread.
class InferBatch {
 public:
  explicit InferBatch(std::shared_ptr<const RequestScorer> scorer) : scorer_(std::move(scorer)) {}

  /// Takes the rows of a request, or tells why it does not and stays as it was.
  std::optional<InferFault> add(const InferRequest& request);

  size_t numRequests() const { return entries_.size(); }
  size_t numRows() const { return numRows_; }

  /// Scores all rows that were taken, once.
  void score();
  /// The answer to the request that was taken as number `index`; after score().
  InferResponse response(size_t index) const;

 private:
  struct Output {
    std::string name;
    OutputForm form = OutputForm::Prediction;
    bool isBinary = false;
  };
  struct Entry {
    std::optional<std::string> id;
    size_t firstRow = 0;
    size_t numRows = 0;
    std::vector<Output> outputs;
  };
  /// Scores of all rows in one form.
  struct FormScores {
    OutputForm form = OutputForm::Prediction;
    size_t width = 0;
    std::vector<double> scores;
  };

  /// Throws ModelError when the model does not give them.
  std::vector<Output> outputsOf(const InferRequest& request) const;
  /// Throws ModelError when an answer would be too large.
  void requireFewScores(const Entry& entry) const;
  const FormScores& scoresOf(OutputForm form) const;
  FormScores scoreForm(OutputForm form) const;

  std::shared_ptr<const RequestScorer> scorer_;
  std::vector<Entry> entries_;
  size_t numRows_ = 0;
  std::vector<float> matrix_;
  std::vector<double> wideMatrix_;  ///< instead, where the model computes in double precision
  std::vector<FormScores> scores_;
};

}  // namespace auspex::operators
