// SPDX-License-Identifier: Apache-2.0
#include "engine/http/Http2Session.h"

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

#include "operators/data/Assert.h"

namespace auspex::engine {

namespace {

/// What a client may send of one body, and of all on a connection, before we have read it.
constexpr int32_t kStreamWindow = 1 << 20;
constexpr int32_t kConnectionWindow = 4 << 20;
/// Answers that wait beyond this keep further requests from being read.
constexpr size_t kMaxAnswerBytes = size_t{16} << 20;

nghttp2_nv pairOf(std::string_view name, std::string_view value) {
  // nghttp2 copies both, and does not write to them.
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

std::vector<nghttp2_nv> pairsOf(const operators::HttpHeaders& headers) {
  std::vector<nghttp2_nv> pairs;
  for (const auto& header : headers) {
    pairs.push_back(pairOf(header.first, header.second));
  }
  return pairs;
}

}  // namespace

/// One request and its answer.
struct Http2Session::Stream {
  int32_t id = 0;
  ServerRequest request;
  size_t headerBytes = 0;
  bool isWhole = false;    ///< the request has come
  bool isRefused = false;  ///< answered already: what still comes is passed over
  Exchange* exchange = nullptr;
  std::string answer;       ///< the body's bytes that are not sent yet
  size_t numSent = 0;       ///< of `answer`
  bool isEnded = false;     ///< nothing is added to `answer` any more
  bool isDeferred = false;  ///< nghttp2 waits for more of it
  operators::HttpHeaders trailers;
  size_t charged = 0;  ///< bytes of the budget
};

class Http2Session::Exchange final : public HttpExchange {
 public:
  Exchange(Http2Session& session, Stream& stream) : session_(&session), stream_(&stream) {}

  ~Exchange() override {
    if (session_ == nullptr) {
      return;
    }
    stream_->exchange = nullptr;
    if (!hasBegun_) {
      session_->refuse(*stream_, 500, "the request was not answered");
    } else if (!stream_->isEnded) {
      nghttp2_submit_rst_stream(session_->session_.get(), NGHTTP2_FLAG_NONE, stream_->id,
                                NGHTTP2_INTERNAL_ERROR);
    }
  }

  void begin(int status, const operators::HttpHeaders& headers,
             std::optional<size_t> bodyBytes) override {
    AUSPEX_ASSERT(!hasBegun_);
    hasBegun_ = true;
    if (session_ == nullptr) {
      return;
    }
    operators::HttpHeaders all = headers;
    if (bodyBytes) {
      all.emplace_back("content-length", std::to_string(*bodyBytes));
    }
    session_->sendHead(*stream_, status, all);
  }

  void write(std::string_view bytes) override {
    AUSPEX_ASSERT(hasBegun_);
    if (session_ == nullptr || stream_->request.method == "HEAD") {
      return;
    }
    stream_->answer += bytes;
    session_->numAnswerBytes_ += bytes.size();
    resume();
  }

  void end(const operators::HttpHeaders& trailers) override {
    AUSPEX_ASSERT(hasBegun_);
    if (session_ == nullptr) {
      return;
    }
    stream_->trailers = trailers;
    stream_->isEnded = true;
    resume();
  }

  /// The stream is gone.
  void detach() { session_ = nullptr; }

 private:
  void resume() {
    session_->context_.touch();
    if (std::exchange(stream_->isDeferred, false)) {
      nghttp2_session_resume_data(session_->session_.get(), stream_->id);
    }
  }

  Http2Session* session_;
  Stream* stream_;
  bool hasBegun_ = false;
};

/// What nghttp2 calls. A return of NGHTTP2_ERR_CALLBACK_FAILURE ends the connection.
class Http2Session::Callbacks {
 public:
  static int onBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    Http2Session& session = *static_cast<Http2Session*>(self);
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      auto stream = std::make_unique<Stream>();
      stream->id = frame->hd.stream_id;
      stream->request.isHttp2 = true;
      session.streams_[stream->id] = std::move(stream);
    }
    return 0;
  }

  static int onHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                      size_t nameBytes, const uint8_t* value, size_t valueBytes, uint8_t,
                      void* self) {
    Http2Session& session = *static_cast<Http2Session*>(self);
    if (Stream* const stream = session.findStream(frame->hd.stream_id)) {
      session.addHeader(*stream, {reinterpret_cast<const char*>(name), nameBytes},
                        {reinterpret_cast<const char*>(value), valueBytes});
    }
    return 0;
  }

  static int onData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t numBytes,
                    void* self) {
    Http2Session& session = *static_cast<Http2Session*>(self);
    if (Stream* const stream = session.findStream(id)) {
      session.addBody(*stream, {reinterpret_cast<const char*>(bytes), numBytes});
    }
    return 0;
  }

  static int onFrame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    Http2Session& session = *static_cast<Http2Session*>(self);
    const bool carries = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (carries && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      if (Stream* const stream = session.findStream(frame->hd.stream_id)) {
        session.handOver(*stream);
      }
    }
    return 0;
  }

  static int onClose(nghttp2_session*, int32_t id, uint32_t, void* self) {
    static_cast<Http2Session*>(self)->closeStream(id);
    return 0;
  }

  /// Gives nghttp2 the next bytes of an answer.
  static ssize_t onRead(nghttp2_session* http2, int32_t id, uint8_t* to, size_t room,
                        uint32_t* flags, nghttp2_data_source* source, void*) {
    Http2Session& session = *static_cast<Http2Session*>(source->ptr);
    Stream* const stream = session.findStream(id);
    if (stream == nullptr) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    const size_t count = std::min(room, stream->answer.size() - stream->numSent);
    if (count == 0 && !stream->isEnded) {
      stream->isDeferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    std::memcpy(to, stream->answer.data() + stream->numSent, count);
    stream->numSent += count;
    session.numAnswerBytes_ -= count;
    if (stream->numSent < stream->answer.size()) {
      return static_cast<ssize_t>(count);
    }
    stream->answer.clear();
    stream->numSent = 0;
    if (stream->isEnded) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!stream->trailers.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const std::vector<nghttp2_nv> pairs = pairsOf(stream->trailers);
        nghttp2_submit_trailer(http2, id, pairs.data(), pairs.size());
      }
    }
    return static_cast<ssize_t>(count);
  }
};

void Http2Session::SessionDeleter::operator()(nghttp2_session* session) const {
  nghttp2_session_del(session);
}

Http2Session::Http2Session(const SessionContext& context) : context_(context) {
  nghttp2_session_callbacks* made = nullptr;
  if (nghttp2_session_callbacks_new(&made) != 0) {
    throw std::runtime_error("nghttp2 cannot be set up");
  }
  const std::unique_ptr<nghttp2_session_callbacks, void (*)(nghttp2_session_callbacks*)> callbacks(
      made, nghttp2_session_callbacks_del);
  nghttp2_session_callbacks_set_on_begin_headers_callback(made, Callbacks::onBeginHeaders);
  nghttp2_session_callbacks_set_on_header_callback(made, Callbacks::onHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, Callbacks::onData);
  nghttp2_session_callbacks_set_on_frame_recv_callback(made, Callbacks::onFrame);
  nghttp2_session_callbacks_set_on_stream_close_callback(made, Callbacks::onClose);
  nghttp2_session* session = nullptr;
  if (nghttp2_session_server_new(&session, made, this) != 0) {
    throw std::runtime_error("nghttp2 cannot be set up");
  }
  session_.reset(session);
  const std::array settings = {
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                             static_cast<uint32_t>(context_.limits.maxStreams)},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
                             static_cast<uint32_t>(context_.limits.maxHeaderBytes)}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

Http2Session::~Http2Session() {
  while (!streams_.empty()) {
    closeStream(streams_.begin()->first);
  }
}

Http2Session::Stream* Http2Session::findStream(int32_t id) {
  const auto place = streams_.find(id);
  return place == streams_.end() ? nullptr : place->second.get();
}

void Http2Session::closeStream(int32_t id) {
  const auto place = streams_.find(id);
  if (place == streams_.end()) {
    return;
  }
  Stream& stream = *place->second;
  if (stream.exchange != nullptr) {
    stream.exchange->detach();
  }
  numAnswerBytes_ -= stream.answer.size() - stream.numSent;
  context_.budget.give(stream.charged);
  streams_.erase(place);
}

void Http2Session::addHeader(Stream& stream, std::string_view name, std::string_view value) {
  constexpr size_t kPerHeader = 32;  // as RFC 9113 counts them
  stream.headerBytes += name.size() + value.size() + kPerHeader;
  const ServerLimits& limits = context_.limits;
  if (stream.headerBytes > limits.maxHeaderBytes ||
      stream.request.headers.size() == limits.maxHeaders) {
    refuse(stream, 431,
           fmt::format("the headers are larger than {} bytes, or more than {}",
                       limits.maxHeaderBytes, limits.maxHeaders));
  } else if (name == ":method") {
    stream.request.method = value;
  } else if (name == ":path") {
    stream.request.target = value;
  } else if (!name.starts_with(':')) {
    stream.request.headers.emplace_back(name, value);
  }
}

void Http2Session::addBody(Stream& stream, std::string_view bytes) {
  if (stream.isRefused) {
    return;
  }
  if (stream.request.body.size() + bytes.size() > context_.limits.maxBodyBytes) {
    refuse(stream, 413,
           fmt::format("the body is larger than {} bytes", context_.limits.maxBodyBytes));
  } else if (!context_.budget.take(bytes.size())) {
    refuse(stream, 503, "the server holds as many bytes of requests as it may");
  } else {
    stream.charged += bytes.size();
    stream.request.body += bytes;
  }
}

void Http2Session::handOver(Stream& stream) {
  stream.isWhole = true;
  context_.touch();
  if (stream.isRefused) {
    return;
  }
  auto exchange = std::make_shared<Exchange>(*this, stream);
  stream.exchange = exchange.get();
  // The method is looked at again by the exchange.
  ServerRequest request = std::move(stream.request);
  stream.request.method = request.method;
  context_.service.handle(std::move(request), std::move(exchange));
}

void Http2Session::refuse(Stream& stream, int status, std::string_view message) {
  if (std::exchange(stream.isRefused, true)) {
    return;
  }
  stream.request.body.clear();
  context_.budget.give(std::exchange(stream.charged, 0));
  stream.answer = fmt::format("{}\n", message);
  numAnswerBytes_ += stream.answer.size();
  stream.isEnded = true;
  sendHead(
      stream, status,
      {{"content-type", "text/plain"}, {"content-length", std::to_string(stream.answer.size())}});
}

void Http2Session::sendHead(Stream& stream, int status, const operators::HttpHeaders& headers) {
  const std::string shown = std::to_string(status);
  std::vector<nghttp2_nv> pairs = {pairOf(":status", shown)};
  for (const nghttp2_nv& pair : pairsOf(headers)) {
    pairs.push_back(pair);
  }
  nghttp2_data_provider provider{};
  provider.source.ptr = this;
  provider.read_callback = Callbacks::onRead;
  context_.touch();
  nghttp2_submit_response(session_.get(), stream.id, pairs.data(), pairs.size(), &provider);
}

void Http2Session::receive(std::string_view bytes) {
  if (isOver_ || isBroken_) {
    return;
  }
  context_.touch();
  const ssize_t count = nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (count < 0) {
    isBroken_ = true;
    nghttp2_session_terminate_session(session_.get(), NGHTTP2_PROTOCOL_ERROR);
  }
}

void Http2Session::pull(std::string& out, size_t enough) {
  while (out.size() < enough) {
    const uint8_t* bytes = nullptr;
    const ssize_t count = nghttp2_session_mem_send(session_.get(), &bytes);
    if (count <= 0) {
      isOver_ = isOver_ || count < 0;
      break;
    }
    out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(count));
  }
  // Neither reads nor writes: GOAWAY was sent and all streams have ended.
  isOver_ = isOver_ || (nghttp2_session_want_read(session_.get()) == 0 &&
                        nghttp2_session_want_write(session_.get()) == 0);
  if (isStopping_ && streams_.empty() && nghttp2_session_want_write(session_.get()) == 0) {
    isOver_ = true;
  }
}

bool Http2Session::wantsBytes() const {
  return !isOver_ && numAnswerBytes_ < kMaxAnswerBytes;
}

bool Http2Session::isOver() const {
  return isOver_;
}

size_t Http2Session::numArriving() const {
  return static_cast<size_t>(std::count_if(streams_.begin(), streams_.end(), [](const auto& entry) {
    return !entry.second->isWhole && !entry.second->isRefused;
  }));
}

std::optional<uint64_t> Http2Session::oldestArriving() const {
  for (const auto& [id, stream] : streams_) {
    if (!stream->isWhole) {
      return static_cast<uint64_t>(id);
    }
  }
  return std::nullopt;
}

void Http2Session::stop() {
  context_.touch();
  if (!std::exchange(isStopping_, true)) {
    nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(session_.get()), NGHTTP2_NO_ERROR,
                          nullptr, 0);
  }
}

}  // namespace auspex::engine
