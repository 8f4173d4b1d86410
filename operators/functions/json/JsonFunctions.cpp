// SPDX-License-Identifier: Apache-2.0
// Functions over texts that hold JSON.
#include <charconv>

#include "operators/formats/json/JsonTree.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/ScalarAdapter.h"
#include "operators/functions/collection/NestedRows.h"
#include "operators/functions/json/JsonPath.h"

namespace auspex::operators {

namespace {

using JsonKind = JsonTree::Kind;
using Text = std::string_view;
using OptionalText = std::optional<std::string_view>;

/// The tree, or a failed row.
std::optional<JsonTree> parseJson(RowContext& context, Text text) {
  std::optional<JsonTree> tree = JsonTree::parse(text);
  if (!tree) {
    context.fail("Invalid JSON format");
  }
  return tree;
}

OptionalText extractField(RowContext& context, Text json, Text pathText) {
  const std::optional<JsonPath> path = JsonPath::parse(pathText);
  if (!path) {
    context.fail("Invalid JSON path");
    return std::nullopt;
  }
  const std::optional<JsonTree> tree = parseJson(context, json);
  const JsonTree* const found = tree ? path->find(*tree) : nullptr;
  if (found == nullptr) {
    return std::nullopt;
  }
  return context.arena().copy(found->kind == JsonKind::String ? found->text : found->toText());
}

bool isJson(OptionalText text) {
  return text && JsonTree::parse(*text);
}

std::optional<int32_t> arrayLength(RowContext& context, Text json) {
  const std::optional<JsonTree> tree = parseJson(context, json);
  if (!tree || tree->kind != JsonKind::Array) {
    return std::nullopt;
  }
  return static_cast<int32_t>(tree->elements.size());
}

bool isWhole(const std::string& number) {
  return number.find_first_of(".eE") == std::string::npos;
}

template <typename T>
bool isSame(const JsonTree& element, const T& wanted) {
  if constexpr (std::is_same_v<T, bool>) {
    return element.kind == (wanted ? JsonKind::True : JsonKind::False);
  } else if constexpr (std::is_same_v<T, Text>) {
    return element.kind == JsonKind::String && element.text == wanted;
  } else {
    T value{};
    const char* const end = element.text.data() + element.text.size();
    return element.kind == JsonKind::Number && isWhole(element.text) == std::is_integral_v<T> &&
           std::from_chars(element.text.data(), end, value).ec == std::errc() && value == wanted;
  }
}

/// NULL is looked for like any other value.
template <typename T>
bool arrayContains(OptionalText json, std::optional<T> wanted) {
  const std::optional<JsonTree> tree = json ? JsonTree::parse(*json) : std::nullopt;
  if (!tree || tree->kind != JsonKind::Array) {
    return false;
  }
  for (const JsonTree& element : tree->elements) {
    if (wanted ? isSame(element, *wanted) : element.kind == JsonKind::Null) {
      return true;
    }
  }
  return false;
}

/// As PostgreSQL's `||`: objects are merged, everything else becomes one array.
JsonTree concatenate(JsonTree left, JsonTree right) {
  if (left.kind == JsonKind::Object && right.kind == JsonKind::Object) {
    for (auto& [name, value] : right.members) {
      bool known = false;
      for (auto& [otherName, otherValue] : left.members) {
        if (otherName == name) {
          otherValue = std::move(value);
          known = true;
          break;
        }
      }
      if (!known) {
        left.members.emplace_back(name, std::move(value));
      }
    }
    return left;
  }
  JsonTree result;
  result.kind = JsonKind::Array;
  for (JsonTree* const side : {&left, &right}) {
    if (side->kind == JsonKind::Array) {
      result.elements.insert(result.elements.end(), side->elements.begin(), side->elements.end());
    } else {
      result.elements.push_back(std::move(*side));
    }
  }
  return result;
}

ColumnPtr jsonConcatKernel(const KernelInput& input) {
  std::vector<Text> values(input.numRows, Text("", 0));
  std::vector<uint8_t> validity(input.numRows, 0);
  const auto arena = std::make_shared<Arena>();
  input.rows.forEach([&](size_t row) {
    std::optional<JsonTree> result;
    for (const Operand& argument : input.arguments) {
      const OperandView<Text> view(argument);
      std::optional<JsonTree> tree =
          argument.isNull(row) ? std::nullopt : JsonTree::parse(view[row]);
      if (!tree) {
        if (!argument.isNull(row) && !view[row].empty()) {
          input.failures.add(row, "Invalid JSON format");
        }
        return;
      }
      result = result ? concatenate(std::move(*result), std::move(*tree)) : std::move(tree);
    }
    if (result) {
      values[row] = arena->copy(result->toText());
      validity[row] = 1;
    }
  });
  return Column::make(input.resultType, std::move(values), std::move(validity), {arena});
}

/// The document of the only argument; nothing when it is of another kind (a failed row when it is
/// no JSON).
std::optional<JsonTree> documentOf(const KernelInput& input, size_t row, JsonKind kind) {
  std::optional<JsonTree> tree = JsonTree::parse(OperandView<Text>(input.arguments[0])[row]);
  if (!tree) {
    input.failures.add(row, "Invalid JSON format");
    return std::nullopt;
  }
  return tree->kind == kind ? std::move(tree) : std::nullopt;
}

ColumnPtr itemsKernel(const KernelInput& input) {
  return makeTextLists(input, [&](size_t row) -> std::optional<TextList> {
    const std::optional<JsonTree> tree = documentOf(input, row, JsonKind::Array);
    if (!tree) {
      return std::nullopt;
    }
    TextList items;
    for (const JsonTree& element : tree->elements) {
      items.push_back(element.toText());
    }
    return items;
  });
}

ColumnPtr keysKernel(const KernelInput& input) {
  return makeTextLists(input, [&](size_t row) -> std::optional<TextList> {
    const std::optional<JsonTree> tree = documentOf(input, row, JsonKind::Object);
    if (!tree) {
      return std::nullopt;
    }
    TextList keys;
    for (const auto& [name, value] : tree->members) {
      keys.push_back(name);
    }
    return keys;
  });
}

ColumnPtr recordsKernel(const KernelInput& input) {
  return makeNestedRows(input, [&](size_t row, ColumnBuilder& builder, Arena& arena) {
    const std::optional<JsonTree> tree = documentOf(input, row, JsonKind::Object);
    if (!tree) {
      return false;
    }
    for (const auto& [name, value] : tree->members) {
      builder.child(0).append(arena.copy(name));
      builder.child(1).append(arena.copy(value.toText()));
    }
    return true;
  });
}

ScalarFunction make(const char* name, const char* help, const char* example,
                    std::vector<ScalarOverload> overloads) {
  return {name, "JSON", help, example, std::move(overloads)};
}

}  // namespace

void addJsonFunctions(FunctionRegistry& registry) {
  registry.add(make("EXTRACTJSONFIELD",
                    "The value at a path of a JSON text, as text; NULL when there is none.",
                    "EXTRACTJSONFIELD('{\"a\": [1, 2]}', '$.a[1]') -> '2'",
                    {{"(STRING, STRING) -> STRING", kernelOf<&extractField>}}));
  registry.add(make("IS_JSON_STRING", "Whether a text is JSON; false for NULL.",
                    "IS_JSON_STRING('[1]') -> true", {{"(STRING) -> BOOLEAN", kernelOf<&isJson>}}));
  registry.add(make("JSON_ARRAY_CONTAINS", "Whether a JSON array has the value as an element.",
                    "JSON_ARRAY_CONTAINS('[1, 2]', 2) -> true",
                    {{"(STRING, INT) -> BOOLEAN", kernelOf<&arrayContains<int32_t>>},
                     {"(STRING, BIGINT) -> BOOLEAN", kernelOf<&arrayContains<int64_t>>},
                     {"(STRING, DOUBLE) -> BOOLEAN", kernelOf<&arrayContains<double>>},
                     {"(STRING, BOOLEAN) -> BOOLEAN", kernelOf<&arrayContains<bool>>},
                     {"(STRING, STRING) -> BOOLEAN", kernelOf<&arrayContains<Text>>}}));
  registry.add(make("JSON_ARRAY_LENGTH", "Number of elements; NULL when it is no JSON array.",
                    "JSON_ARRAY_LENGTH('[1, 2]') -> 2",
                    {{"(STRING) -> INT", kernelOf<&arrayLength>}}));
  registry.add(make("JSON_CONCAT", "Merges JSON objects, or puts other values into one array.",
                    "JSON_CONCAT('{\"a\": 1}', '{\"b\": 2}') -> '{\"a\":1,\"b\":2}'",
                    {{"(STRING...) -> STRING", jsonConcatKernel}}));
  registry.add(make("JSON_ITEMS", "The elements of a JSON array as JSON texts.",
                    "JSON_ITEMS('[1, [2]]') -> ['1', '[2]']",
                    {{"(STRING) -> ARRAY<STRING>", itemsKernel}}));
  registry.add(make("JSON_KEYS", "The names of a JSON object's members.",
                    "JSON_KEYS('{\"a\": 1}') -> ['a']",
                    {{"(STRING) -> ARRAY<STRING>", keysKernel}}));
  registry.add(make("JSON_RECORDS", "The members of a JSON object with their values as JSON texts.",
                    "JSON_RECORDS('{\"a\": 1}') -> {a: '1'}",
                    {{"(STRING) -> MAP<STRING, STRING>", recordsKernel}}));
}

}  // namespace auspex::operators
