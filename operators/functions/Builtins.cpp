// SPDX-License-Identifier: Apache-2.0
// The list of all built-in functions. A registry is filled by hand: objects that register
// themselves are lost in static libraries.
#include "operators/functions/Builtins.h"

namespace auspex::operators {

FunctionRegistry makeBuiltinFunctions() {
  FunctionRegistry registry;
  addArrayFunctions(registry);
  addArraySetFunctions(registry);
  addCalendarFunctions(registry);
  addCaseFunctions(registry);
  addCountAggregate(registry);
  addExtremeAggregates(registry);
  addSumAggregates(registry);
  addConcatFunctions(registry);
  addConditionalFunctions(registry);
  addDateFunctions(registry);
  addExplodeFunctions(registry);
  addExtremeFunctions(registry);
  addLambdaFunctions(registry);
  addListAggregates(registry);
  addMapFunctions(registry);
  addPowerFunctions(registry);
  addRoundingFunctions(registry);
  addSearchFunctions(registry);
  addSliceFunctions(registry);
  addTrigonometryFunctions(registry);
  return registry;
}

}  // namespace auspex::operators
