// SPDX-License-Identifier: Apache-2.0
// INSTR, REPLACE, FIELD and ELT.
#include "operators/functions/Builtins.h"
#include "operators/functions/ScalarAdapter.h"
#include "operators/functions/string/Utf16.h"

namespace auspex::operators {

namespace {

using Text = std::string_view;
using OptionalText = std::optional<std::string_view>;

std::string_view replaceAll(RowContext& context, Text text, Text what, Text with) {
  std::string result;
  if (what.empty()) {
    // As in Java: before every character and at the end.
    for (size_t i = 0; i < text.size();) {
      const size_t numBytes = characterBytes(text, i);
      result.append(with).append(text.substr(i, numBytes));
      i += numBytes;
    }
    return context.arena().copy(result.append(with));
  }
  size_t position = 0;
  for (size_t found = text.find(what); found != Text::npos; found = text.find(what, position)) {
    result.append(text.substr(position, found - position)).append(with);
    position = found + what.size();
  }
  return position == 0 ? text : context.arena().copy(result.append(text.substr(position)));
}

/// 1-based UTF-16 position of a byte position.
int32_t positionOf(Text text, size_t byte) {
  return static_cast<int32_t>(utf16Length(text.substr(0, byte)) + 1);
}

/// The occurrence-th one from a 1-based start; from a negative start backwards. 0 when absent.
int32_t findOccurrence(OptionalText text, OptionalText what, std::optional<int32_t> start,
                       std::optional<int32_t> occurrence) {
  if (!text || !what || !start || !occurrence || *start == 0 || *occurrence < 1) {
    return 0;
  }
  size_t found = Text::npos;
  if (*start > 0) {
    const size_t length = utf16Length(*text);
    if (static_cast<size_t>(*start) > length) {
      return 0;
    }
    found = text->find(*what, bytePosition(*text, static_cast<size_t>(*start) - 1));
    for (int32_t i = 1; i < *occurrence && found != Text::npos; ++i) {
      found = text->find(*what, found + 1);
    }
  } else {
    const auto length = static_cast<int64_t>(utf16Length(*text));
    const int64_t from = length + *start;
    if (from < 0) {
      return 0;
    }
    found = text->rfind(*what, bytePosition(*text, static_cast<size_t>(from)));
    for (int32_t i = 1; i < *occurrence && found != Text::npos; ++i) {
      found = found == 0 ? Text::npos : text->rfind(*what, found - 1);
    }
  }
  return found == Text::npos ? 0 : positionOf(*text, found);
}

int32_t find(OptionalText text, OptionalText what) {
  return findOccurrence(text, what, 1, 1);
}
int32_t findFrom(OptionalText text, OptionalText what, std::optional<int32_t> start) {
  return findOccurrence(text, what, start, 1);
}

ColumnPtr fieldKernel(const KernelInput& input) {
  std::vector<int32_t> positions(input.numRows, 0);
  const Operand& wanted = input.arguments[0];
  const OperandView<Text> wantedView(wanted);
  for (size_t i = input.arguments.size(); i-- > 1;) {
    const Operand& candidate = input.arguments[i];
    const OperandView<Text> view(candidate);
    input.rows.forEach([&](size_t row) {
      if (!wanted.isNull(row) && !candidate.isNull(row) && wantedView[row] == view[row]) {
        positions[row] = static_cast<int32_t>(i);
      }
    });
  }
  return Column::make(input.resultType, std::move(positions));
}

ColumnPtr elementKernel(const KernelInput& input) {
  std::vector<Text> values(input.numRows, Text("", 0));
  std::vector<uint8_t> validity(input.numRows, 0);
  const Operand& number = input.arguments[0];
  const OperandView<int32_t> numbers(number);
  for (size_t i = 1; i < input.arguments.size(); ++i) {
    const Operand& candidate = input.arguments[i];
    const OperandView<Text> view(candidate);
    input.rows.forEach([&](size_t row) {
      if (!number.isNull(row) && numbers[row] == static_cast<int32_t>(i) &&
          !candidate.isNull(row)) {
        values[row] = view[row];
        validity[row] = 1;
      }
    });
  }
  return Column::make(input.resultType, std::move(values), std::move(validity),
                      ownersOf(input.arguments));
}

}  // namespace

void addSearchFunctions(FunctionRegistry& registry) {
  registry.add(ScalarFunction{"REPLACE",
                              "String",
                              "Replaces every occurrence of the second text by the third.",
                              "REPLACE('a-b', '-', '+') -> 'a+b'",
                              {{"(STRING, STRING, STRING) -> STRING", kernelOf<&replaceAll>}}});
  registry.add(ScalarFunction{
      "INSTR",
      "String",
      "1-based position of a text in another, 0 when absent; optionally from a position (negative: "
      "backwards from the end) and the n-th occurrence.",
      "INSTR('abcabc', 'b', 3) -> 5",
      {{"(STRING, STRING) -> INT", kernelOf<&find>},
       {"(STRING, STRING, INT) -> INT", kernelOf<&findFrom>},
       {"(STRING, STRING, INT, INT) -> INT", kernelOf<&findOccurrence>}}});
  registry.add(ScalarFunction{"FIELD",
                              "String",
                              "1-based position of the first text among the others, 0 when absent.",
                              "FIELD('b', 'a', 'b') -> 2",
                              {{"(STRING, STRING...) -> INT", fieldKernel}}});
  registry.add(ScalarFunction{"ELT",
                              "String",
                              "The n-th of the texts, NULL when there is none.",
                              "ELT(2, 'a', 'b') -> 'b'",
                              {{"(INT, STRING...) -> STRING", elementKernel}}});
}

}  // namespace auspex::operators
