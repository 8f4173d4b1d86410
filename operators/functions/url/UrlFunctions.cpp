// SPDX-License-Identifier: Apache-2.0
// URL_EXTRACT_..., URL_ENCODE_PARAM and URL_DECODE_PARAM.
#include <algorithm>

#include "operators/data/Ascii.h"
#include "operators/formats/Utf8.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/ScalarAdapter.h"
#include "operators/functions/url/Uri.h"

namespace auspex::operators {

namespace {

using Text = std::string_view;

std::optional<Uri> parseUri(RowContext& context, Text text) {
  std::optional<Uri> uri = Uri::parse(text);
  if (!uri) {
    context.fail("URL input has invalid syntax");
  }
  return uri;
}

Text textOf(RowContext& context, const std::string& bytes) {
  return isUtf8(bytes) ? context.arena().copy(bytes) : replaceMalformedUtf8(bytes, context.arena());
}

/// A part of the URL, decoded where Java's getters decode it.
template <std::optional<std::string> Uri::*part, bool decoded>
std::optional<Text> extract(RowContext& context, Text text) {
  const std::optional<Uri> uri = parseUri(context, text);
  if (!uri || !((*uri).*part)) {
    return std::nullopt;
  }
  const std::string& found = *((*uri).*part);
  return textOf(context, decoded ? decodeEscapes(found) : found);
}

std::optional<int32_t> extractPort(RowContext& context, Text text) {
  const std::optional<Uri> uri = parseUri(context, text);
  return uri ? uri->port : std::nullopt;
}

/// The value of the first parameter of that name; empty when it has none.
std::optional<Text> extractParameter(RowContext& context, Text text, Text name) {
  const std::optional<Uri> uri = parseUri(context, text);
  if (!uri || !uri->query) {
    return std::nullopt;
  }
  const std::string query = decodeEscapes(*uri->query);
  for (size_t begin = 0; begin <= query.size();) {
    const size_t end = std::min(query.find('&', begin), query.size());
    const Text pair = Text(query).substr(begin, end - begin);
    const size_t equals = pair.find('=');
    if (pair.substr(0, equals) == name) {
      return textOf(context, equals == Text::npos ? "" : std::string(pair.substr(equals + 1)));
    }
    begin = end + 1;
  }
  return std::nullopt;
}

Text encodeParameter(RowContext& context, Text text) {
  constexpr Text kKept = ".-*_";
  constexpr Text kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool isKept = isLetter(c) || isDigit(c) || kKept.find(c) != Text::npos;
    if (isKept) {
      encoded += c;
    } else if (c == ' ') {
      encoded += '+';
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return context.arena().copy(encoded);
}

std::optional<Text> decodeParameter(RowContext& context, Text text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  const std::string decoded = decodeEscapes(spaced);
  const auto numEscapes = std::count(spaced.begin(), spaced.end(), '%');
  if (decoded.size() + static_cast<size_t>(numEscapes) * 2 != spaced.size()) {
    context.fail("Illegal escape in a URL parameter");
    return std::nullopt;
  }
  return textOf(context, decoded);
}

void add(FunctionRegistry& registry, const char* name, const char* help, const char* example,
         ScalarOverload overload) {
  registry.add(ScalarFunction{name, "URL", help, example, {std::move(overload)}});
}

}  // namespace

void addUrlFunctions(FunctionRegistry& registry) {
  add(registry, "URL_EXTRACT_PROTOCOL", "The protocol of a URL.",
      "URL_EXTRACT_PROTOCOL('http://example.com') -> 'http'",
      {"(STRING) -> STRING", kernelOf<&extract<&Uri::scheme, false>>});
  add(registry, "URL_EXTRACT_HOST", "The host of a URL.",
      "URL_EXTRACT_HOST('http://example.com/b') -> 'example.com'",
      {"(STRING) -> STRING", kernelOf<&extract<&Uri::host, false>>});
  add(registry, "URL_EXTRACT_PORT", "The port of a URL; NULL when it names none.",
      "URL_EXTRACT_PORT('http://example.com:80') -> 80",
      {"(STRING) -> INT", kernelOf<&extractPort>});
  add(registry, "URL_EXTRACT_PATH", "The path of a URL, decoded.",
      "URL_EXTRACT_PATH('http://example.com/b') -> '/b'",
      {"(STRING) -> STRING", kernelOf<&extract<&Uri::path, true>>});
  add(registry, "URL_EXTRACT_QUERY", "The query of a URL, decoded.",
      "URL_EXTRACT_QUERY('http://example.com/?b=1') -> 'b=1'",
      {"(STRING) -> STRING", kernelOf<&extract<&Uri::query, true>>});
  add(registry, "URL_EXTRACT_FRAGMENT", "The fragment of a URL, decoded.",
      "URL_EXTRACT_FRAGMENT('http://example.com/#b') -> 'b'",
      {"(STRING) -> STRING", kernelOf<&extract<&Uri::fragment, true>>});
  add(registry, "URL_EXTRACT_PARAMETER", "The value of a parameter in the query of a URL.",
      "URL_EXTRACT_PARAMETER('http://example.com/?b=1', 'b') -> '1'",
      {"(STRING, STRING) -> STRING", kernelOf<&extractParameter>});
  add(registry, "URL_ENCODE_PARAM", "A text as a parameter of a URL.",
      "URL_ENCODE_PARAM('a b&c') -> 'a+b%26c'", {"(STRING) -> STRING", kernelOf<&encodeParameter>});
  add(registry, "URL_DECODE_PARAM", "The text that a parameter of a URL stands for.",
      "URL_DECODE_PARAM('a+b%26c') -> 'a b&c'", {"(STRING) -> STRING", kernelOf<&decodeParameter>});
}

}  // namespace auspex::operators
