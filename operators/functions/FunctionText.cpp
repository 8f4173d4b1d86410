// SPDX-License-Identifier: Apache-2.0
// What a registry says about its functions: DESCRIBE FUNCTION and docs/functions.md.
#include <fmt/format.h>

#include <map>

#include "operators/data/Ascii.h"
#include "operators/functions/FunctionRegistry.h"

namespace auspex::operators {

namespace {

template <typename Function>
std::string describeOne(const Function& function, const std::string& note) {
  const std::string name = asciiUpper(function.name);
  std::string text = fmt::format("### {}\n\n{}{}\n\n", name, function.help, note);
  for (const auto& overload : function.overloads) {
    text += fmt::format("- `{} -> {}`\n", overload.signature.toString(name),
                        overload.signature.result.toString());
  }
  return text + fmt::format("\nExample: `{}`\n\n", function.example);
}

}  // namespace

std::optional<std::string> describeFunction(const FunctionRegistry& registry,
                                            std::string_view name) {
  if (const ScalarFunction* const function = registry.findScalar(name)) {
    return describeOne(*function, "");
  }
  if (const AggregateDefinition* const function = registry.findAggregate(name)) {
    return describeOne(*function, function->undo ? "" : " Over streams only.");
  }
  const TableFunction* const function = registry.findTable(name);
  return function == nullptr ? std::nullopt
                             : std::optional<std::string>(describeOne(*function, ""));
}

std::string describeFunctions(const FunctionRegistry& registry) {
  std::map<std::string, std::string> families;
  for (const std::string& name : registry.names()) {
    const ScalarFunction* const scalar = registry.findScalar(name);
    const std::string family = scalar != nullptr                         ? scalar->family
                               : registry.findAggregate(name) != nullptr ? "Aggregate"
                                                                         : "Table";
    families[family] += *describeFunction(registry, name);
  }
  std::string text = fmt::format(
      "# Functions\n\nGenerated from the engine: {} functions. Names are case-insensitive; T and "
      "other single letters stand for any type, the same one wherever the letter stands.\n\n",
      registry.names().size());
  for (const auto& [family, functions] : families) {
    text += fmt::format("## {}\n\n{}", family, functions);
  }
  text.pop_back();
  return text;
}

}  // namespace auspex::operators
