// SPDX-License-Identifier: Apache-2.0
#include "operators/functions/url/Uri.h"
#include "operators/data/Ascii.h"

#include <algorithm>
#include <charconv>

namespace auspex::operators {
namespace {

bool isHex(char c) {
  return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Characters of a URI, and escapes that are whole.
bool isLegal(std::string_view text) {
  constexpr std::string_view kMarks = "_-!.~'()*;/?:@&=+$,[]#";
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !isHex(text[i + 1]) || !isHex(text[i + 2])) {
        return false;
      }
    } else if (static_cast<unsigned char>(c) < 0x80 && !isLetter(c) && !isDigit(c) &&
               kMarks.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

/// Cuts off what follows the first `mark`.
std::optional<std::string> cutAt(std::string_view& text, char mark) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  std::string tail(text.substr(at + 1));
  text = text.substr(0, at);
  return tail;
}

std::optional<std::string> takeScheme(std::string_view& text) {
  size_t size = 0;
  while (size < text.size() &&
         (isLetter(text[size]) || (size > 0 && (isDigit(text[size]) || text[size] == '+' ||
                                                text[size] == '-' || text[size] == '.')))) {
    ++size;
  }
  if (size == 0 || size == text.size() || text[size] != ':') {
    return std::nullopt;
  }
  std::string scheme(text.substr(0, size));
  text.remove_prefix(size + 1);
  return scheme;
}

/// Labels of letters, digits and hyphens, the last one not beginning with a digit; or an IP
/// address.
bool isHost(std::string_view host) {
  if (host.starts_with('[')) {
    return host.ends_with(']') && host.size() > 2;
  }
  bool numeric = !host.empty();
  size_t label = 0;
  for (size_t i = 0; i < host.size(); ++i) {
    const char c = host[i];
    numeric = numeric && (isDigit(c) || c == '.');
    if (c == '.') {
      if (i == label || host[i - 1] == '-') {
        return false;
      }
      label = i + 1;
    } else if (!isLetter(c) && !isDigit(c) && (c != '-' || i == label)) {
      return false;
    }
  }
  return !host.empty() && host.back() != '-' &&
         (numeric || label == host.size() || isLetter(host[label]));
}

/// Host and port of `user@host:port`; nothing of an authority of another form.
void readAuthority(std::string_view authority, Uri& uri) {
  const size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    authority.remove_prefix(at + 1);
  }
  std::optional<int32_t> port;
  const size_t colon = authority.rfind(':');
  const size_t bracket = authority.rfind(']');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const std::string_view digits = authority.substr(colon + 1);
    int32_t number = 0;
    const char* const end = digits.data() + digits.size();
    if (!digits.empty()) {
      const auto parsed = std::from_chars(digits.data(), end, number);
      if (parsed.ec != std::errc() || parsed.ptr != end || number < 0) {
        return;
      }
      port = number;
    }
    authority = authority.substr(0, colon);
  }
  if (isHost(authority)) {
    uri.host = std::string(authority);
    uri.port = port;
  }
}

}  // namespace

std::optional<Uri> Uri::parse(std::string_view text) {
  if (!isLegal(text)) {
    return std::nullopt;
  }
  Uri uri;
  uri.fragment = cutAt(text, '#');
  if (uri.fragment && uri.fragment->find('#') != std::string::npos) {
    return std::nullopt;
  }
  uri.scheme = takeScheme(text);
  if (uri.scheme && text.empty()) {
    return std::nullopt;
  }
  if (uri.scheme && text[0] != '/') {
    return uri;
  }
  uri.query = cutAt(text, '?');
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const size_t size = std::min(text.find('/'), text.size());
    if (size == 0 && text.empty()) {
      return std::nullopt;
    }
    readAuthority(text.substr(0, size), uri);
    text.remove_prefix(size);
  }
  uri.path = std::string(text);
  return uri;
}

std::string decodeEscapes(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && isHex(text[i + 1]) && isHex(text[i + 2])) {
      int byte = 0;
      std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
      decoded += static_cast<char>(byte);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace auspex::operators
