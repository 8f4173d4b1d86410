// SPDX-License-Identifier: Apache-2.0
#include "engine/http/Http1Session.h"

#include <fmt/format.h>
#include <http_parser.h>

#include <algorithm>
#include <utility>

#include "operators/data/Ascii.h"
#include "operators/data/Assert.h"

namespace auspex::engine {

namespace {

/// Answers that wait beyond this keep the next request from being read.
constexpr size_t kMaxWaitingAnswers = size_t{1} << 20;
constexpr std::string_view kChunkEnd = "0\r\n\r\n";

}  // namespace

/// The request that arrives, by the callbacks of http_parser.
class Http1Session::Parser {
 public:
  explicit Parser(const SessionContext& context)
      : limits_(context.limits), budget_(context.budget) {
    http_parser_init(&parser_, HTTP_REQUEST);
    parser_.data = this;
    http_parser_settings_init(&settings_);
    settings_.on_message_begin = [](http_parser* parser) { return of(parser).begin(); };
    settings_.on_url = [](http_parser* parser, const char* at, size_t length) {
      return of(parser).addTarget({at, length});
    };
    settings_.on_header_field = [](http_parser* parser, const char* at, size_t length) {
      return of(parser).addName({at, length});
    };
    settings_.on_header_value = [](http_parser* parser, const char* at, size_t length) {
      return of(parser).addValue({at, length});
    };
    settings_.on_headers_complete = [](http_parser* parser) { return of(parser).endHeaders(); };
    settings_.on_body = [](http_parser* parser, const char* at, size_t length) {
      return of(parser).addBody({at, length});
    };
    settings_.on_message_complete = [](http_parser* parser) { return of(parser).end(); };
  }

  /// Takes bytes up to the end of a request; how many.
  size_t take(std::string_view bytes) {
    http_parser_pause(&parser_, 0);
    return http_parser_execute(&parser_, &settings_, bytes.data(), bytes.size());
  }

  /// No request any more: status and words of the answer.
  bool hasFailed() const {
    const auto error = HTTP_PARSER_ERRNO(&parser_);
    return error != HPE_OK && error != HPE_PAUSED;
  }
  int status() const { return status_; }
  std::string message() const {
    return message_.empty() ? http_errno_description(HTTP_PARSER_ERRNO(&parser_)) : message_;
  }

  bool isArriving() const { return isArriving_; }
  bool isWhole() const { return isWhole_; }
  bool keepsAlive() const { return keepsAlive_; }
  bool isHttp10() const { return parser_.http_major == 1 && parser_.http_minor == 0; }
  /// The client waits for leave to send the body; once.
  bool takeExpectation() { return std::exchange(expectsContinue_, false); }
  ServerRequest takeRequest() {
    isWhole_ = false;
    return std::move(request_);
  }
  /// Bytes of the budget, which are the caller's to give back from now on.
  size_t takeCharge() { return std::exchange(charged_, 0); }

 private:
  static Parser& of(http_parser* parser) { return *static_cast<Parser*>(parser->data); }

  int fail(int status, std::string message) {
    status_ = status;
    message_ = std::move(message);
    return -1;
  }

  int begin() {
    request_ = {};
    headerBytes_ = 0;
    isInValue_ = false;
    isArriving_ = true;
    return 0;
  }

  bool fits(size_t numBytes) {
    headerBytes_ += numBytes;
    return headerBytes_ <= limits_.maxHeaderBytes;
  }
  int failSize() {
    return fail(431, fmt::format("the headers are larger than {} bytes", limits_.maxHeaderBytes));
  }

  int addTarget(std::string_view bytes) {
    request_.target += bytes;
    return fits(bytes.size()) ? 0 : failSize();
  }

  int addName(std::string_view bytes) {
    if (isInValue_ || request_.headers.empty()) {
      if (request_.headers.size() == limits_.maxHeaders) {
        return fail(431, fmt::format("there are more than {} headers", limits_.maxHeaders));
      }
      request_.headers.emplace_back();
      isInValue_ = false;
    }
    request_.headers.back().first += operators::asciiLower(bytes);
    return fits(bytes.size()) ? 0 : failSize();
  }

  int addValue(std::string_view bytes) {
    isInValue_ = true;
    if (request_.headers.empty()) {
      return fail(400, "a header has no name");
    }
    request_.headers.back().second += bytes;
    return fits(bytes.size()) ? 0 : failSize();
  }

  int endHeaders() {
    if (parser_.http_major != 1 || parser_.http_minor > 1) {
      return fail(400, "only HTTP/1.0, HTTP/1.1 and HTTP/2 are spoken here");
    }
    // An upgrade is not made: the request is answered as it stands.
    parser_.upgrade = 0;
    for (auto& header : request_.headers) {
      header.second.erase(header.second.find_last_not_of(" \t") + 1);
    }
    request_.method = http_method_str(static_cast<http_method>(parser_.method));
    keepsAlive_ = http_should_keep_alive(&parser_) != 0;
    const bool hasLength = parser_.content_length != ULLONG_MAX;
    if (hasLength && parser_.content_length > limits_.maxBodyBytes) {
      return fail(413, fmt::format("the body is larger than {} bytes", limits_.maxBodyBytes));
    }
    expectsContinue_ = operators::equalsIgnoringCase(request_.header("expect"), "100-continue");
    return 0;
  }

  int addBody(std::string_view bytes) {
    if (request_.body.size() + bytes.size() > limits_.maxBodyBytes) {
      return fail(413, fmt::format("the body is larger than {} bytes", limits_.maxBodyBytes));
    }
    if (!budget_.take(bytes.size())) {
      return fail(503, "the server holds as many bytes of requests as it may");
    }
    charged_ += bytes.size();
    expectsContinue_ = false;
    request_.body += bytes;
    return 0;
  }

  int end() {
    isArriving_ = false;
    isWhole_ = true;
    keepsAlive_ = http_should_keep_alive(&parser_) != 0;
    http_parser_pause(&parser_, 1);
    return 0;
  }

  const ServerLimits& limits_;
  BufferBudget& budget_;
  http_parser parser_{};
  http_parser_settings settings_{};
  ServerRequest request_;
  size_t headerBytes_ = 0;
  size_t charged_ = 0;
  bool isInValue_ = false;
  bool isArriving_ = false;
  bool isWhole_ = false;
  bool keepsAlive_ = true;
  bool expectsContinue_ = false;
  int status_ = 400;
  std::string message_;
};

/// Writes into the session while that is there and the answer has no end.
class Http1Session::Exchange final : public HttpExchange {
 public:
  Exchange(Http1Session& session, bool keepsAlive, bool isHttp10, bool isHead)
      : session_(&session), keepsAlive_(keepsAlive), isHttp10_(isHttp10), isHead_(isHead) {}

  ~Exchange() override {
    if (session_ != nullptr && !hasBegun_) {
      answer(500, {}, "");
    } else if (session_ != nullptr) {
      session_->finishExchange(false);
    }
  }

  void begin(int status, const operators::HttpHeaders& headers,
             std::optional<size_t> bodyBytes) override {
    AUSPEX_ASSERT(!hasBegun_);
    hasBegun_ = true;
    if (session_ == nullptr) {
      return;
    }
    isChunked_ = !bodyBytes && !isHttp10_;
    keepsAlive_ = keepsAlive_ && (bodyBytes || isChunked_) && !session_->isStopping_;
    session_->context_.touch();
    std::string& out = session_->out_;
    out += fmt::format("HTTP/1.1 {} {}\r\n", status, reasonOf(status));
    for (const auto& header : headers) {
      out += fmt::format("{}: {}\r\n", header.first, header.second);
    }
    if (bodyBytes) {
      out += fmt::format("content-length: {}\r\n", *bodyBytes);
    } else if (isChunked_) {
      out += "transfer-encoding: chunked\r\n";
    }
    if (!keepsAlive_) {
      out += "connection: close\r\n";
    } else if (isHttp10_) {
      out += "connection: keep-alive\r\n";
    }
    out += "\r\n";
  }

  void write(std::string_view bytes) override {
    AUSPEX_ASSERT(hasBegun_ && !isEnded_);
    if (session_ == nullptr || isHead_ || bytes.empty()) {
      return;
    }
    session_->context_.touch();
    if (isChunked_) {
      session_->out_ += fmt::format("{:x}\r\n", bytes.size());
      session_->out_ += bytes;
      session_->out_ += "\r\n";
    } else {
      session_->out_ += bytes;
    }
  }

  void end(const operators::HttpHeaders&) override {
    AUSPEX_ASSERT(hasBegun_ && !isEnded_);
    isEnded_ = true;
    if (session_ == nullptr) {
      return;
    }
    if (isChunked_ && !isHead_) {
      session_->out_ += kChunkEnd;
    }
    std::exchange(session_, nullptr)->finishExchange(keepsAlive_);
  }

  /// The connection is gone.
  void detach() { session_ = nullptr; }

 private:
  Http1Session* session_;
  bool keepsAlive_;
  bool isHttp10_;
  bool isHead_;
  bool isChunked_ = false;
  bool hasBegun_ = false;
  bool isEnded_ = false;
};

Http1Session::Http1Session(const SessionContext& context)
    : context_(context), parser_(std::make_unique<Parser>(context)) {
}

Http1Session::~Http1Session() {
  if (exchange_) {
    exchange_->detach();
  }
  taken_ += parser_->takeCharge();
  giveBack();
}

void Http1Session::giveBack() {
  context_.budget.give(std::exchange(taken_, 0));
}

void Http1Session::receive(std::string_view bytes) {
  if (isOver_) {
    return;
  }
  context_.touch();
  waiting_ += bytes;
  parse();
}

void Http1Session::parse() {
  // An answer that is given at once ends within handOver: the loop goes on with what waits.
  if (isParsing_) {
    return;
  }
  isParsing_ = true;
  size_t numParsed = 0;
  while (!isOver_ && exchange_ == nullptr && out_.size() < kMaxWaitingAnswers &&
         numParsed < waiting_.size()) {
    numParsed += parser_->take(std::string_view(waiting_).substr(numParsed));
    if (parser_->hasFailed()) {
      refuse(parser_->status(), parser_->message());
    } else if (parser_->isWhole()) {
      handOver();
    } else if (parser_->takeExpectation()) {
      out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    }
  }
  waiting_.erase(0, numParsed);
  isParsing_ = false;
}

void Http1Session::handOver() {
  ++numRequests_;
  context_.touch();
  taken_ += parser_->takeCharge();
  ServerRequest request = parser_->takeRequest();
  auto exchange = std::make_shared<Exchange>(*this, parser_->keepsAlive(), parser_->isHttp10(),
                                             request.method == "HEAD");
  exchange_ = exchange.get();
  context_.service.handle(std::move(request), std::move(exchange));
}

/// What cannot be read has no end that could be found: the connection ends behind the answer.
void Http1Session::refuse(int status, std::string_view message) {
  const std::string body = fmt::format("{}\n", message);
  out_ += fmt::format(
      "HTTP/1.1 {} {}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: "
      "close\r\n\r\n{}",
      status, reasonOf(status), body.size(), body);
  isOver_ = true;
  isCut_ = true;
}

void Http1Session::finishExchange(bool isKeptAlive) {
  exchange_ = nullptr;
  context_.touch();
  giveBack();
  isOver_ = isOver_ || !isKeptAlive || isStopping_;
  parse();
}

void Http1Session::pull(std::string& out, size_t) {
  out += out_;
  out_.clear();
  parse();
}

bool Http1Session::wantsBytes() const {
  return !isOver_ && exchange_ == nullptr && waiting_.empty();
}

bool Http1Session::isOver() const {
  return isOver_;
}

size_t Http1Session::numOpen() const {
  return (exchange_ != nullptr ? 1 : 0) + numArriving();
}

size_t Http1Session::numArriving() const {
  return parser_->isArriving() && !isOver_ ? 1 : 0;
}

std::optional<uint64_t> Http1Session::oldestArriving() const {
  return numArriving() > 0 ? std::optional(numRequests_) : std::nullopt;
}

void Http1Session::stop() {
  isStopping_ = true;
  isOver_ = isOver_ || numOpen() == 0;
}

}  // namespace auspex::engine
