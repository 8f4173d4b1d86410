// SPDX-License-Identifier: Apache-2.0
#include "engine/http/CurlTransfer.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>

#include "engine/Trimmed.h"
#include "operators/data/Ascii.h"

namespace auspex::engine {

namespace {

using operators::HttpResponse;

/// Of an answer's headers and trailers together.
constexpr size_t kMaxHeaderBytes = size_t{256} << 10;

HttpResponse::Failure failureOf(CURLcode result) {
  switch (result) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
      return HttpResponse::Failure::Connect;
    case CURLE_OPERATION_TIMEDOUT:
      return HttpResponse::Failure::Timeout;
    case CURLE_FILESIZE_EXCEEDED:
      return HttpResponse::Failure::TooLarge;
    default:
      return HttpResponse::Failure::Broken;
  }
}

bool isRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

template <typename Option, typename Value>
void setOption(CURL* easy, Option option, Value value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  if (code != CURLE_OK) {
    throw std::runtime_error(fmt::format("libcurl refuses option {}: {}", static_cast<int>(option),
                                         curl_easy_strerror(code)));
  }
}

long httpVersionOf(const operators::HttpRequest& request, ConnectionUse use) {
  if (!request.isHttp2) {
    return CURL_HTTP_VERSION_1_1;
  }
  return use == ConnectionUse::New ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE : CURL_HTTP_VERSION_2TLS;
}

std::string originOf(const std::string& url) {
  const size_t scheme = url.find("://");
  const size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  return url.substr(begin, url.find('/', begin) - begin);
}

/// Appends to a list of libcurl's, which may move.
void appendHeader(CurlList& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) {
    throw std::bad_alloc();
  }
  static_cast<void>(list.release());
  list.reset(longer);
}

}  // namespace

void CurlEasyDeleter::operator()(void* easy) const {
  curl_easy_cleanup(easy);
}

void CurlListDeleter::operator()(curl_slist* list) const {
  curl_slist_free_all(list);
}

CurlTransfer::CurlTransfer(operators::HttpRequest request, std::function<void(HttpResponse)> done)
    : request_(std::move(request)),
      done_(std::move(done)),
      arrived_(std::chrono::steady_clock::now()),
      deadline_(arrived_ + request_.timeout),
      origin_(originOf(request_.url)) {
}

bool CurlTransfer::isPriorKnowledge() const {
  return request_.isHttp2 && !request_.url.starts_with("https:");
}

void CurlTransfer::start(CurlEasy easy, const AddressRules& allowed, ConnectionUse use) {
  easy_ = std::move(easy);
  allowed_ = &allowed;
  use_ = use;
  needsConnection_ = false;
  started_ = std::chrono::steady_clock::now();
  error_.assign(CURL_ERROR_SIZE, '\0');
  headers_.reset();
  for (const auto& header : request_.headers) {
    // "Name;" is how libcurl is told of a header without a value.
    appendHeader(headers_,
                 header.second.empty() ? header.first + ";" : header.first + ": " + header.second);
  }
  appendHeader(headers_, "Expect:");  // no asking whether a large body may come
  setOptions();
}

void CurlTransfer::setOptions() {
  CURL* const handle = easy_.get();
  setOption(handle, CURLOPT_URL, request_.url.c_str());
  setOption(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  setOption(handle, CURLOPT_FOLLOWLOCATION, 0L);
  setOption(handle, CURLOPT_PROXY, "");  // none, whatever the environment says
  setOption(handle, CURLOPT_NOSIGNAL, 1L);
  setOption(handle, CURLOPT_TCP_NODELAY, 1L);
  setOption(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  setOption(handle, CURLOPT_USERAGENT, "auspex");
  setOption(handle, CURLOPT_HTTP_VERSION, httpVersionOf(request_, use_));
  // Streams of one connection rather than a connection each.
  setOption(handle, CURLOPT_PIPEWAIT, request_.isHttp2 ? 1L : 0L);
  setOption(handle, CURLOPT_HTTPHEADER, headers_.get());
  setOption(handle, CURLOPT_ERRORBUFFER, error_.data());
  setOption(handle, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request_.maxAnswerBytes));
  setOption(handle, CURLOPT_PRIVATE, static_cast<void*>(this));
  setOption(handle, CURLOPT_WRITEFUNCTION, &CurlTransfer::takeBody);
  setOption(handle, CURLOPT_WRITEDATA, static_cast<void*>(this));
  setOption(handle, CURLOPT_HEADERFUNCTION, &CurlTransfer::takeHeader);
  setOption(handle, CURLOPT_HEADERDATA, static_cast<void*>(this));
  const curl_opensocket_callback open = [](void* self, curlsocktype,
                                           curl_sockaddr* address) -> curl_socket_t {
    return openSocket(self, address);
  };
  setOption(handle, CURLOPT_OPENSOCKETFUNCTION, open);
  setOption(handle, CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  if (use_ == ConnectionUse::New) {
    setOption(handle, CURLOPT_FRESH_CONNECT, 1L);
    const curl_prereq_callback connected = [](void* self, char*, char*, int, int) {
      static_cast<CurlTransfer*>(self)->isConnected_ = true;
      return CURL_PREREQFUNC_OK;
    };
    setOption(handle, CURLOPT_PREREQFUNCTION, connected);
    setOption(handle, CURLOPT_PREREQDATA, static_cast<void*>(this));
  }
  if (request_.method == "POST") {
    setOption(handle, CURLOPT_POST, 1L);
    setOption(handle, CURLOPT_POSTFIELDS, request_.body.data());
    setOption(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  } else if (request_.method == "GET") {
    setOption(handle, CURLOPT_HTTPGET, 1L);
  } else {
    setOption(handle, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
}

size_t CurlTransfer::takeBody(char* bytes, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const size_t numBytes = size * count;
  transfer.headersAreOver_ = true;
  if (transfer.response_.body.size() + numBytes > transfer.request_.maxAnswerBytes) {
    transfer.isTooLarge_ = true;
    return 0;
  }
  transfer.response_.body.append(bytes, numBytes);
  return numBytes;
}

size_t CurlTransfer::takeHeader(char* bytes, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const size_t numBytes = size * count;
  transfer.headerBytes_ += numBytes;
  if (transfer.headerBytes_ > kMaxHeaderBytes) {
    transfer.isTooLarge_ = true;
    return 0;
  }
  transfer.takeHeaderLine({bytes, numBytes});
  return numBytes;
}

void CurlTransfer::takeHeaderLine(std::string_view line) {
  if (line.starts_with("HTTP/")) {  // after "100 Continue" the real ones follow
    response_.headers.clear();
    response_.trailers.clear();
    headersAreOver_ = false;
    return;
  }
  line = trimmed(line);
  if (line.empty()) {
    headersAreOver_ = true;
    return;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    return;
  }
  auto& list = headersAreOver_ ? response_.trailers : response_.headers;
  list.emplace_back(operators::asciiLower(line.substr(0, colon)),
                    std::string(trimmed(line.substr(colon + 1))));
}

/// Returns a socket for an address that is allowed. It is the address that libcurl connects to:
/// nothing is resolved again behind this.
int CurlTransfer::openSocket(void* self, void* address) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  if (transfer.use_ == ConnectionUse::Known) {
    transfer.needsConnection_ = true;
    return CURL_SOCKET_BAD;
  }
  const auto& wanted = *static_cast<const curl_sockaddr*>(address);
  if (!transfer.allowed_->allows(wanted.addr)) {
    transfer.refusedAddress_ = AddressRules::text(wanted.addr);
    return CURL_SOCKET_BAD;
  }
  return socket(wanted.family, wanted.socktype | SOCK_CLOEXEC, wanted.protocol);
}

void CurlTransfer::measure() {
  curl_off_t beforeSending = 0;
  curl_off_t total = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &beforeSending);
  curl_easy_getinfo(easy_.get(), CURLINFO_TOTAL_TIME_T, &total);
  response_.waited = std::chrono::duration_cast<std::chrono::microseconds>(started_ - arrived_) +
                     std::chrono::microseconds(beforeSending);
  response_.exchanged = std::chrono::microseconds(std::max<curl_off_t>(total - beforeSending, 0));
}

HttpResponse CurlTransfer::finish(int result) {
  const auto code = static_cast<CURLcode>(result);
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  measure();
  if (isTooLarge_ || code == CURLE_FILESIZE_EXCEEDED) {
    response_.failure = HttpResponse::Failure::TooLarge;
    response_.message =
        fmt::format("the answer of {} is larger than {} bytes", origin_, request_.maxAnswerBytes);
  } else if (code == CURLE_COULDNT_CONNECT && !refusedAddress_.empty()) {
    response_.failure = HttpResponse::Failure::NotAllowed;
    response_.message = fmt::format(
        "{} has the address {}, which is not allowed: "
        "models.rpc.allow lists those that are",
        origin_, refusedAddress_);
  } else if (code != CURLE_OK) {
    response_.failure = failureOf(code);
    response_.message = fmt::format("{}: {}", origin_,
                                    error_[0] != '\0' ? error_.data() : curl_easy_strerror(code));
  } else if (isRedirect(response_.status)) {
    response_.failure = HttpResponse::Failure::NotAllowed;
    response_.message = fmt::format(
        "{} redirects to another place ({}), which is not followed: give the address itself",
        origin_, response_.status);
  }
  if (response_.failure != HttpResponse::Failure::None) {
    response_.body.clear();
  }
  return std::move(response_);
}

HttpResponse CurlTransfer::expire() {
  curl_off_t beforeSending = 0;
  if (easy_ != nullptr) {
    curl_easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &beforeSending);
    measure();
  }
  const bool wasSent = beforeSending > 0;
  response_.failure = wasSent ? HttpResponse::Failure::Timeout : HttpResponse::Failure::Connect;
  response_.message = fmt::format("{}: no {} within {} ms", origin_,
                                  wasSent ? "answer" : "connection", request_.timeout.count());
  response_.body.clear();
  return std::move(response_);
}

HttpResponse CurlTransfer::broken(const std::string& message) {
  HttpResponse response;
  response.failure = HttpResponse::Failure::Broken;
  response.message = message;
  return response;
}

}  // namespace auspex::engine
