// SPDX-License-Identifier: Apache-2.0
// MASK and its kin: characters replaced by one for their class.
#include "operators/functions/Builtins.h"
#include "operators/functions/ScalarAdapter.h"
#include "operators/functions/string/Utf16.h"

namespace auspex::operators {

namespace {

using Text = std::string_view;
using OptionalText = std::optional<std::string_view>;

/// What each class of characters becomes; an empty text leaves it.
struct Masks {
  Text upper = "X";
  Text lower = "x";
  Text digit = "n";
  Text other = "-";
};

Text firstCharacter(OptionalText text) {
  return text && !text->empty() ? text->substr(0, characterBytes(*text, 0)) : Text();
}

Masks masksOf(OptionalText upper, OptionalText lower, OptionalText digit, OptionalText other) {
  return {firstCharacter(upper), firstCharacter(lower), firstCharacter(digit),
          firstCharacter(other)};
}

Text maskFor(char32_t c, const Masks& masks) {
  if (c >= '0' && c <= '9') {
    return masks.digit;
  }
  if (toLower(c) != c) {
    return masks.upper;
  }
  return toUpper(c) != c ? masks.lower : masks.other;
}

/// Masks the UTF-16 units [begin, end) of a text.
Text maskRange(RowContext& context, Text text, int64_t begin, int64_t end, const Masks& masks) {
  std::string result;
  int64_t unit = 0;
  for (size_t i = 0; i < text.size();) {
    const CodePoint point = codePointAt(text, i);
    const Text character = text.substr(i, point.numBytes);
    const Text mask = maskFor(point.value, masks);
    result.append(unit >= begin && unit < end && !mask.empty() ? mask : character);
    unit += point.value > 0xFFFF ? 2 : 1;
    i += point.numBytes;
  }
  return context.arena().copy(result);
}

enum class Part { Left, Right, KeepLeft, KeepRight };

template <Part part>
std::optional<Text> maskPart(RowContext& context, Text text, int32_t count, const Masks& masks) {
  if (count < 0) {
    context.fail("The number of characters must not be negative");
    return std::nullopt;
  }
  const auto length = static_cast<int64_t>(utf16Length(text));
  switch (part) {
    case Part::Left:
      return maskRange(context, text, 0, count, masks);
    case Part::Right:
      return maskRange(context, text, length - count, length, masks);
    case Part::KeepLeft:
      return maskRange(context, text, count, length, masks);
    case Part::KeepRight:
      break;
  }
  return maskRange(context, text, 0, length - count, masks);
}

Text mask(RowContext& context, Text text) {
  return maskRange(context, text, 0, static_cast<int64_t>(text.size()), {});
}

std::optional<Text> maskWith(RowContext& context, OptionalText text, OptionalText upper,
                             OptionalText lower, OptionalText digit, OptionalText other) {
  if (!text) {
    return std::nullopt;
  }
  return maskRange(context, *text, 0, static_cast<int64_t>(text->size()),
                   masksOf(upper, lower, digit, other));
}

template <Part part>
std::optional<Text> maskSome(RowContext& context, Text text, int32_t count) {
  return maskPart<part>(context, text, count, {});
}

template <Part part>
std::optional<Text> maskSomeWith(RowContext& context, OptionalText text,
                                 std::optional<int32_t> count, OptionalText upper,
                                 OptionalText lower, OptionalText digit, OptionalText other) {
  if (!text || !count) {
    return std::nullopt;
  }
  return maskPart<part>(context, *text, *count, masksOf(upper, lower, digit, other));
}

template <Part part>
ScalarFunction makePart(const char* name, const char* help, const char* example) {
  return {
      name,
      "String",
      help,
      example,
      {{"(STRING, INT) -> STRING", kernelOf<&maskSome<part>>},
       {"(STRING, INT, STRING, STRING, STRING, STRING) -> STRING", kernelOf<&maskSomeWith<part>>}}};
}

}  // namespace

void addMaskFunctions(FunctionRegistry& registry) {
  registry.add(ScalarFunction{
      "MASK",
      "String",
      "Every character replaced by one for its class: upper case X, lower case x, digit n, other "
      "-, or those given; NULL leaves a class as it is.",
      "MASK('My Test $123') -> 'Xx-Xxxx--nnn'",
      {{"(STRING) -> STRING", kernelOf<&mask>},
       {"(STRING, STRING, STRING, STRING, STRING) -> STRING", kernelOf<&maskWith>}}});
  registry.add(makePart<Part::Left>("MASK_LEFT", "As MASK, for the first n characters only.",
                                    "MASK_LEFT('abc', 1) -> 'xbc'"));
  registry.add(makePart<Part::Right>("MASK_RIGHT", "As MASK, for the last n characters only.",
                                     "MASK_RIGHT('abc', 1) -> 'abx'"));
  registry.add(makePart<Part::KeepLeft>("MASK_KEEP_LEFT",
                                        "As MASK, but for the first n characters.",
                                        "MASK_KEEP_LEFT('abc', 1) -> 'axx'"));
  registry.add(makePart<Part::KeepRight>("MASK_KEEP_RIGHT",
                                         "As MASK, but for the last n characters.",
                                         "MASK_KEEP_RIGHT('abc', 1) -> 'xxc'"));
}

}  // namespace auspex::operators
