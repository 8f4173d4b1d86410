// SPDX-License-Identifier: Apache-2.0
#include "operators/PredictOperator.h"

#include <fmt/format.h>

#include <cmath>

#include "operators/data/Assert.h"
#include "operators/expressions/Evaluator.h"
#include "operators/models/ModelError.h"
#include "operators/models/Predictors.h"

namespace auspex::operators {
namespace {

void encodeFeature(const FeatureSource& source, const Column& column, size_t feature,
                   size_t numFeatures, float* matrix) {
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

class PredictOperator final : public Operator {
 public:
  explicit PredictOperator(const PredictDescription& description)
      : description_(description),
        predictor_(makePredictor(description.deployment, {})),
        arguments_(description.arguments) {}

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    Batch batch = std::move(inputs[0]);
    if (batch.numRows == 0) {
      return {};
    }
    if (batch.carriesOld) {
      RowErrors reportedBefore;
      score(EvaluationInput::oldSide(batch), batch.oldColumns, reportedBefore);
    }
    score(EvaluationInput::newSide(batch), batch.columns, context.errors);
    return batch;
  }

 private:
  /// Appends the output columns for one side of the batch to `columns`.
  void score(const EvaluationInput& side, std::vector<ColumnPtr>& columns, RowErrors& errors) {
    const size_t numRows = side.numRows;
    const std::vector<ColumnPtr> arguments = arguments_.evaluate(side, errors);
    fillMatrix(arguments, numRows);
    std::vector<ColumnPtr> results;
    for (size_t slot = 0; slot < kNumPredictSlots; ++slot) {
      if (!description_.wanted[slot]) {
        results.push_back(nullptr);
        continue;
      }
      request_.form = formOf(static_cast<PredictSlot>(slot));
      // The embedded predictor answers within the call; others come with poll().
      const bool taken = predictor_->submit(request_);
      AUSPEX_ASSERT(taken);
      done_.clear();
      predictor_->poll(done_);
      AUSPEX_ASSERT(done_.size() == 1 && done_[0].failures.empty());
      const SqlType type = typeOf(static_cast<PredictSlot>(slot), *description_.version);
      results.push_back(toColumn(type, done_[0], numRows));
      request_ = std::move(done_[0].request);
    }
    columns.insert(columns.end(), results.begin(), results.end());
  }

  void fillMatrix(const std::vector<ColumnPtr>& arguments, size_t numRows) {
    const FeatureBinding& binding = description_.binding;
    const size_t numFeatures = binding.sources.size();
    request_.version = description_.version;
    request_.rowIds.resize(numRows);
    request_.matrix.resize(numRows * numFeatures);
    for (size_t feature = 0; feature < numFeatures; ++feature) {
      const FeatureSource& source = binding.sources[feature];
      encodeFeature(source, *arguments[source.argument], feature, numFeatures,
                    request_.matrix.data());
      if (source.defaultValue) {
        replaceMissing(*source.defaultValue, numRows, feature, numFeatures, request_.matrix.data());
      }
    }
    if (!std::isnan(binding.missing)) {
      markMissing(binding.missing, request_.matrix);
    }
  }

  static ColumnPtr toColumn(const SqlType& type, ScoredBatch& scored, size_t numRows) {
    if (!type.is(TypeKind::Array)) {
      AUSPEX_ASSERT(scored.outputsPerRow == 1);
      return Column::make(SqlType::doubleType(), std::move(scored.scores));
    }
    std::vector<uint32_t> offsets(numRows + 1);
    for (size_t row = 0; row <= numRows; ++row) {
      offsets[row] = static_cast<uint32_t>(row * scored.outputsPerRow);
    }
    return Column::makeNested(type, std::move(offsets),
                              {Column::make(SqlType::doubleType(), std::move(scored.scores))});
  }

  const PredictDescription& description_;
  std::unique_ptr<Predictor> predictor_;
  Evaluator arguments_;
  FeatureBatch request_;
  std::vector<ScoredBatch> done_;
};

}  // namespace

OutputForm formOf(PredictSlot slot) {
  switch (slot) {
    case PredictSlot::Prediction:
      return OutputForm::Prediction;
    case PredictSlot::Probability:
      return OutputForm::Probability;
    case PredictSlot::Margin:
      break;
  }
  return OutputForm::Margin;
}

SqlType typeOf(PredictSlot slot, const ModelVersion& version) {
  const size_t outputs = version.outputsPerRow(formOf(slot));
  if (outputs == 0) {
    throw ModelError(fmt::format("model {} with objective {} gives no probabilities",
                                 version.info().name, version.info().objective));
  }
  if (slot == PredictSlot::Probability || outputs > 1) {
    return SqlType::array(SqlType::doubleType());
  }
  return SqlType::doubleType();
}

ArgumentKind argumentKindOf(const SqlType& type) {
  switch (type.kind()) {
    case TypeKind::Double:
      return ArgumentKind::Double;
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      return ArgumentKind::Bigint;
    case TypeKind::Integer:
    case TypeKind::Date:
    case TypeKind::Time:
      return ArgumentKind::Integer;
    case TypeKind::Boolean:
      return ArgumentKind::Boolean;
    case TypeKind::String:
      return ArgumentKind::String;
    default:
      throw ModelError(fmt::format("a column of type {} cannot be a feature", type.toString()));
  }
}

std::unique_ptr<Operator> PredictDescription::create(TaskServices&) const {
  return std::make_unique<PredictOperator>(*this);
}

std::string PredictDescription::toString() const {
  std::string features;
  for (size_t i = 0; i < binding.sources.size(); ++i) {
    features += (i == 0 ? "" : ", ") + arguments[binding.sources[i].argument]->toString();
  }
  return fmt::format("Predict(model={}, version={}, deployment={}, features=[{}])", model,
                     version->info().version, deployment, features);
}

}  // namespace auspex::operators
