// SPDX-License-Identifier: Apache-2.0
// The list of all built-in functions. A registry is filled by hand: objects that register
// themselves are lost in static libraries.
#include "operators/functions/Builtins.h"

namespace auspex::operators {

FunctionRegistry makeBuiltinFunctions() {
  FunctionRegistry registry;
  addArrayFunctions(registry);
  addArraySetFunctions(registry);
  addBytesFunctions(registry);
  addCalendarFunctions(registry);
  addCaseFunctions(registry);
  addCountAggregate(registry);
  addExtremeAggregates(registry);
  addSumAggregates(registry);
  addConcatFunctions(registry);
  addConditionalFunctions(registry);
  addDateFunctions(registry);
  addArgumentAggregates(registry);
  addDistinctAggregates(registry);
  addExplodeFunctions(registry);
  addExtremeFunctions(registry);
  addJsonFunctions(registry);
  addLambdaFunctions(registry);
  addListAggregates(registry);
  addMapFunctions(registry);
  addMaskFunctions(registry);
  addPowerFunctions(registry);
  addRegexFunctions(registry);
  addRoundingFunctions(registry);
  addSearchFunctions(registry);
  addSliceFunctions(registry);
  addHistogramAggregate(registry);
  addPercentileAggregates(registry);
  addStatisticAggregates(registry);
  addToJsonString(registry);
  addTrigonometryFunctions(registry);
  addUrlFunctions(registry);
  return registry;
}

}  // namespace auspex::operators
