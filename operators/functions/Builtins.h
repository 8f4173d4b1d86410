// SPDX-License-Identifier: Apache-2.0
// The families of built-in functions. Each adds its functions to a registry; Builtins.cpp lists
// them.
#pragma once

#include "operators/functions/FunctionRegistry.h"

namespace auspex::operators {

void addCaseFunctions(FunctionRegistry& registry);
void addConcatFunctions(FunctionRegistry& registry);
void addSearchFunctions(FunctionRegistry& registry);
void addSliceFunctions(FunctionRegistry& registry);

void addBytesFunctions(FunctionRegistry& registry);
void addMaskFunctions(FunctionRegistry& registry);
void addRegexFunctions(FunctionRegistry& registry);
void addUrlFunctions(FunctionRegistry& registry);

void addJsonFunctions(FunctionRegistry& registry);
void addToJsonString(FunctionRegistry& registry);

void addExtremeFunctions(FunctionRegistry& registry);
void addPowerFunctions(FunctionRegistry& registry);
void addRoundingFunctions(FunctionRegistry& registry);
void addTrigonometryFunctions(FunctionRegistry& registry);

void addConditionalFunctions(FunctionRegistry& registry);

void addArrayFunctions(FunctionRegistry& registry);
void addArraySetFunctions(FunctionRegistry& registry);
void addLambdaFunctions(FunctionRegistry& registry);
void addMapFunctions(FunctionRegistry& registry);

void addCalendarFunctions(FunctionRegistry& registry);
void addDateFunctions(FunctionRegistry& registry);

void addExplodeFunctions(FunctionRegistry& registry);

void addArgumentAggregates(FunctionRegistry& registry);
void addDistinctAggregates(FunctionRegistry& registry);
void addHistogramAggregate(FunctionRegistry& registry);
void addPercentileAggregates(FunctionRegistry& registry);
void addStatisticAggregates(FunctionRegistry& registry);
void addCountAggregate(FunctionRegistry& registry);
void addExtremeAggregates(FunctionRegistry& registry);
void addListAggregates(FunctionRegistry& registry);
void addSumAggregates(FunctionRegistry& registry);

}  // namespace auspex::operators
