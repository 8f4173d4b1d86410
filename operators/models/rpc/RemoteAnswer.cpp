// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/RemoteAnswer.h"

#include <charconv>

#include "operators/formats/Utf8.h"
#include "operators/models/forest/JsonReader.h"

namespace auspex::operators {

namespace {

constexpr size_t kMaxShownBytes = 300;

AnswerFault faultOfStatus(int status) {
  switch (status) {
    case 401:  // who are you
    case 403:  // not for you
    case 404:  // no such model
    case 405:
    case 407:
    case 410:
      return AnswerFault::Away;
    case 408:  // the server gave up waiting for the request
    case 425:
    case 429:  // busy: the rows were not looked at
    case 502:
    case 503:
    case 504:
      return AnswerFault::Unreachable;
    default:
      break;
  }
  if (status >= 500) {
    return AnswerFault::Faulty;
  }
  return status >= 400 ? AnswerFault::Refused : AnswerFault::Unreachable;
}

AnswerFault faultOfFailure(HttpResponse::Failure failure) {
  switch (failure) {
    case HttpResponse::Failure::NotAllowed:
      return AnswerFault::Away;
    case HttpResponse::Failure::TooLarge:
      return AnswerFault::Faulty;
    case HttpResponse::Failure::NotTaken:
      return AnswerFault::Refused;  // fewer rows may do
    case HttpResponse::Failure::None:
    case HttpResponse::Failure::Connect:
    case HttpResponse::Failure::Timeout:
    case HttpResponse::Failure::Broken:
      break;
  }
  return AnswerFault::Unreachable;
}

/// What a server in Python failed with stands in the last line.
std::string lastLine(const std::string& traceback) {
  const size_t end = traceback.find_last_not_of(" \r\n");
  if (end == std::string::npos) {
    return {};
  }
  const size_t newline = traceback.rfind('\n', end);
  const size_t begin = newline == std::string::npos ? 0 : newline + 1;
  return traceback.substr(begin, end + 1 - begin);
}

/// The text within {"error": text} and its like; the body itself when it is something else.
std::string errorText(const std::string& body) {
  try {
    JsonReader reader(body);
    std::string text;
    readObject(reader, [&](const std::string& key) {
      const bool tells = key == "error" || key == "detail" || key == "message";
      if (tells && text.empty() && reader.peek() == DocumentReader::Kind::String) {
        text = reader.readString();
      } else {
        reader.skip();
      }
    });
    if (!text.empty()) {
      return text;
    }
  } catch (const ModelError&) {
    // Not JSON: a page of a proxy, or text.
  }
  return body.starts_with("Traceback ") ? lastLine(body) : body;
}

}  // namespace

void requireAnswer(const HttpResponse& response) {
  if (response.failure != HttpResponse::Failure::None) {
    throw AnswerError(faultOfFailure(response.failure), presentable(response.message));
  }
  if (response.status == 200) {
    return;
  }
  std::string message = "the server answers " + std::to_string(response.status);
  const std::string text = presentable(errorText(response.body));
  if (!text.empty()) {
    message += ": " + text;
  }
  throw AnswerError(faultOfStatus(response.status), message);
}

std::string_view findHeader(const HttpHeaders& headers, std::string_view name) {
  for (const auto& header : headers) {
    if (header.first == name) {
      return header.second;
    }
  }
  return {};
}

std::string percentDecoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    const char* const digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, code, 16).ptr == digits + 2) {
      decoded += static_cast<char>(code);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

std::string presentable(std::string_view text) {
  std::string shown;
  for (size_t i = 0; i < text.size() && shown.size() < kMaxShownBytes; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte > ' ' && byte != 0x7F) {
      shown += text[i];
    } else if (!shown.empty() && shown.back() != ' ') {
      shown += ' ';
    }
  }
  if (shown.size() == kMaxShownBytes) {
    shown += " ...";
  }
  while (!shown.empty() && shown.back() == ' ') {
    shown.pop_back();
  }
  if (!isUtf8(shown)) {
    for (char& letter : shown) {
      letter = static_cast<unsigned char>(letter) < 0x80 ? letter : '?';
    }
  }
  return shown;
}

}  // namespace auspex::operators
