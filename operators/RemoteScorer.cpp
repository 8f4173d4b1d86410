// SPDX-License-Identifier: Apache-2.0
#include "operators/RemoteScorer.h"

#include <cmath>
#include <utility>

#include "operators/PredictOperator.h"
#include "operators/data/Assert.h"

namespace auspex::operators {
namespace {

/// The picked rows of a column as values of another type; of NULLs anything.
template <typename From, typename To, typename Convert>
std::vector<To> pick(const Column& column, std::span<const uint32_t> rows, Convert convert) {
  const std::span<const From> values = column.values<From>();
  std::vector<To> picked;
  picked.reserve(rows.size());
  for (const uint32_t row : rows) {
    picked.push_back(convert(values[row]));
  }
  return picked;
}

std::vector<std::string> pickText(const Column& column, std::span<const uint32_t> rows,
                                  const std::optional<std::string>& ofNull) {
  const std::span<const std::string_view> values = column.values<std::string_view>();
  std::vector<std::string> picked;
  picked.reserve(rows.size());
  for (const uint32_t row : rows) {
    picked.emplace_back(ofNull && column.isNull(row) ? *ofNull : values[row]);
  }
  return picked;
}

std::vector<uint8_t> validityOf(const Column& column, std::span<const uint32_t> rows) {
  std::vector<uint8_t> validity;
  if (column.hasNulls()) {
    validity.reserve(rows.size());
    for (const uint32_t row : rows) {
      validity.push_back(column.isNull(row) ? 0 : 1);
    }
  }
  return validity;
}

template <typename Value>
void markMissing(const std::vector<Value>& values, double missing, std::vector<uint8_t>& validity) {
  for (size_t row = 0; row < values.size(); ++row) {
    if (static_cast<double>(values[row]) == missing) {
      validity.resize(values.size(), 1);
      validity[row] = 0;
    }
  }
}

template <typename Value>
void replaceNulls(std::vector<Value>& values, double by, std::vector<uint8_t>& validity) {
  for (size_t row = 0; row < validity.size(); ++row) {
    if (validity[row] == 0) {
      values[row] = static_cast<Value>(by);
    }
  }
  validity.clear();
}

FeatureColumn makeFeature(const FeatureInfo& feature, const FeatureSource& source,
                          const Column& column, std::span<const uint32_t> rows) {
  const auto same = [](auto value) { return value; };
  FeatureColumn made;
  made.name = feature.name;
  made.validity = validityOf(column, rows);
  switch (argumentKindOf(column.type())) {
    case ArgumentKind::Double:
      made.values = pick<double, double>(column, rows, same);
      break;
    case ArgumentKind::Bigint:
      made.values = pick<int64_t, int64_t>(column, rows, same);
      break;
    case ArgumentKind::Integer:
      made.values = pick<int32_t, int64_t>(column, rows, same);
      break;
    case ArgumentKind::Boolean:
      made.values = pick<uint8_t, uint8_t>(column, rows, same);
      break;
    case ArgumentKind::String:
      if (source.categories) {
        // The codes are what the model knows.
        made.values = pick<std::string_view, double>(column, rows, [&](std::string_view text) {
          return static_cast<double>(source.categories->encode(text));
        });
      } else {
        made.values = pickText(column, rows, feature.defaultText);
        if (feature.defaultText) {
          made.validity.clear();
        }
      }
      break;
  }
  return made;
}

/// Codes of unknown categories, and what means missing, are NULL; then the default stands in.
void applyMissing(const FeatureSource& source, double missing, FeatureColumn& feature) {
  std::visit(
      [&](auto& values) {
        using Value = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (!std::is_same_v<Value, std::string>) {
          if (!std::isnan(missing)) {
            markMissing(values, missing, feature.validity);
          }
          for (size_t row = 0; source.defaultValue && row < values.size(); ++row) {
            if (std::isnan(static_cast<double>(values[row]))) {
              feature.validity.resize(values.size(), 1);
              feature.validity[row] = 0;
            }
          }
          if (source.defaultValue && !feature.validity.empty()) {
            replaceNulls(values, *source.defaultValue, feature.validity);
          }
        }
      },
      feature.values);
}

}  // namespace

RemoteScorer::RemoteScorer(std::shared_ptr<const ModelVersion> version, const ModelInfo& planned,
                           std::span<const ArgumentKind> kinds, const std::string& deployment,
                           std::function<void()> wake, size_t maxRowsInFlight)
    : version_(std::move(version)), binding_(bindRemoteVersion(planned, version_->info(), kinds)) {
  PredictorSettings settings;
  settings.maxRowsInFlight = maxRowsInFlight;
  settings.wake = std::move(wake);
  predictor_ = makePredictor(deployment, settings);
  AUSPEX_ASSERT(predictor_->layout() == FeatureLayout::Columns);
}

void RemoteScorer::submit(uint64_t id, std::span<const ColumnPtr> arguments,
                          std::span<const uint32_t> rows) {
  AUSPEX_ASSERT(!rows.empty());
  FeatureBatch batch;
  batch.id = id;
  batch.rowIds.assign(rows.begin(), rows.end());
  batch.version = version_;
  batch.form = OutputForm::Prediction;
  for (size_t feature = 0; feature < binding_.sources.size(); ++feature) {
    const FeatureSource& source = binding_.sources[feature];
    batch.columns.push_back(
        makeFeature(version_->info().features[feature], source, *arguments[source.argument], rows));
    applyMissing(source, binding_.missing, batch.columns.back());
  }
  waiting_.push_back(std::move(batch));
  submitWaiting();
}

void RemoteScorer::submitWaiting() {
  while (!waiting_.empty() && predictor_->submit(waiting_.front())) {
    waiting_.pop_front();
  }
}

void RemoteScorer::poll(std::vector<ScoredBatch>& done) {
  predictor_->poll(done);
  submitWaiting();
}

}  // namespace auspex::operators
