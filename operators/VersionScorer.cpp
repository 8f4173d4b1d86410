// SPDX-License-Identifier: Apache-2.0
#include "operators/VersionScorer.h"

#include <cmath>
#include <utility>

#include "operators/PredictOperator.h"
#include "operators/data/Assert.h"
#include "operators/models/Predictors.h"

namespace auspex::operators {
namespace {

template <typename Number>
void encodeFeature(const FeatureSource& source, const Column& column, size_t feature,
                   size_t numFeatures, Number* matrix) {
  const std::span<const uint8_t> validity = column.validity();
  const bool isCategory = source.conversion == FeatureConversion::Category;
  switch (argumentKindOf(column.type())) {
    case ArgumentKind::Double:
      encodeNumeric(column.values<double>(), validity, feature, numFeatures, matrix);
      break;
    case ArgumentKind::Bigint:
      if (isCategory) {
        encodeCategory(column.values<int64_t>(), validity, *source.categories, feature, numFeatures,
                       matrix);
      } else {
        encodeNumeric(column.values<int64_t>(), validity, feature, numFeatures, matrix);
      }
      break;
    case ArgumentKind::Integer:
      if (isCategory) {
        encodeCategory(column.values<int32_t>(), validity, *source.categories, feature, numFeatures,
                       matrix);
      } else {
        encodeNumeric(column.values<int32_t>(), validity, feature, numFeatures, matrix);
      }
      break;
    case ArgumentKind::Boolean:
      encodeBoolean(column.values<uint8_t>(), validity, feature, numFeatures, matrix);
      break;
    case ArgumentKind::String:
      encodeCategory(column.values<std::string_view>(), validity, *source.categories, feature,
                     numFeatures, matrix);
      break;
  }
}

}  // namespace

VersionScorer::VersionScorer(std::shared_ptr<const ModelVersion> version, const ModelInfo& planned,
                             std::span<const ArgumentKind> kinds, const std::string& deployment)
    : version_(std::move(version)),
      binding_(bindVersion(planned, version_->info(), kinds)),
      predictor_(makePredictor(deployment, {})) {
  for (size_t feature = 0; feature < binding_.sources.size(); ++feature) {
    isInOrder_ = isInOrder_ && binding_.sources[feature].argument == feature;
  }
  request_.version = version_;
}

void VersionScorer::take(std::span<const ColumnPtr> arguments, size_t numRows) {
  request_.rowIds.resize(numRows);
  if (version_->info().isWide) {
    fillMatrix(arguments, numRows, request_.wideMatrix);
  } else {
    fillMatrix(arguments, numRows, request_.matrix);
  }
}

RowScores VersionScorer::score(OutputForm form) {
  request_.form = form;
  // The embedded predictor answers within the call; others come with poll().
  const bool taken = predictor_->submit(request_);
  AUSPEX_ASSERT(taken);
  done_.clear();
  predictor_->poll(done_);
  AUSPEX_ASSERT(done_.size() == 1 && done_[0].failures.empty());
  RowScores scores{std::move(done_[0].scores), done_[0].outputsPerRow, {}};
  request_ = std::move(done_[0].request);
  if (form == OutputForm::Contribution && !isInOrder_) {
    orderAsPlanned(scores.values);
  }
  return scores;
}

/// Per output one number per feature, and the bias.
void VersionScorer::orderAsPlanned(std::vector<double>& contributions) const {
  const size_t numFeatures = binding_.sources.size();
  std::vector<double> ordered(numFeatures);
  for (size_t first = 0; first < contributions.size(); first += numFeatures + 1) {
    for (size_t feature = 0; feature < numFeatures; ++feature) {
      ordered[binding_.sources[feature].argument] = contributions[first + feature];
    }
    std::copy(ordered.begin(), ordered.end(),
              contributions.begin() + static_cast<ptrdiff_t>(first));
  }
}

/// Fills the matrix in the precision that the model computes in.
template <typename Number>
void VersionScorer::fillMatrix(std::span<const ColumnPtr> arguments, size_t numRows,
                               std::vector<Number>& matrix) const {
  const size_t numFeatures = binding_.sources.size();
  matrix.resize(numRows * numFeatures);
  for (size_t feature = 0; feature < numFeatures; ++feature) {
    const FeatureSource& source = binding_.sources[feature];
    encodeFeature(source, *arguments[source.argument], feature, numFeatures, matrix.data());
  }
  if (!std::isnan(binding_.missing)) {
    markMissing(static_cast<Number>(binding_.missing), matrix);
  }
  for (size_t feature = 0; feature < numFeatures; ++feature) {
    if (const auto& value = binding_.sources[feature].defaultValue) {
      replaceMissing(static_cast<Number>(*value), numRows, feature, numFeatures, matrix.data());
    }
  }
}

}  // namespace auspex::operators
