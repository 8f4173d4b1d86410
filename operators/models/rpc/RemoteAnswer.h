// SPDX-License-Identifier: Apache-2.0
// What an answer that holds no scores says of the rows and of the server: whether to ask again, to
// look for the row at fault, or to wait.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "operators/ports/HttpTransport.h"

namespace auspex::operators {

/// Why there are no scores.
enum class AnswerFault : uint8_t {
  /// The server is well and says no to these rows, or its scores do not fit them: one of them is to
  /// blame, and the others are worth asking for.
  Refused,
  /// The server failed over these rows (500): a row may be to blame, or the server is broken.
  Faulty,
  /// The server was not reached, is busy, or something between answers in its place: the same
  /// request may go well the next time.
  Unreachable,
  /// The server is there but the model is not, or not for us: asking again at once is no use.
  Away,
};

/// An answer without scores. The message is for people and holds the server's own words, if any.
class AnswerError : public std::runtime_error {
 public:
  AnswerError(AnswerFault fault, const std::string& message)
      : std::runtime_error(message), fault_(fault) {}

  AnswerFault fault() const { return fault_; }

 private:
  AnswerFault fault_;
};

/// Throws AnswerError when the exchange itself failed, or the status is not 200. The text of an
/// error is taken from the usual JSON bodies.
void requireAnswer(const HttpResponse& response);

/// The value of a header or trailer; empty when it is not there. names: lower case.
std::string_view findHeader(const HttpHeaders& headers, std::string_view name);

/// %XX as the bytes they stand for, as in paths and in grpc-message; all else as it is.
std::string percentDecoded(std::string_view text);

/// Text of a server made fit for messages: valid UTF-8 on one line, at most 300 bytes.
std::string presentable(std::string_view text);

}  // namespace auspex::operators
