// SPDX-License-Identifier: Apache-2.0
// The server over real sockets, asked by the engine's own client and by hand.
#include "engine/http/HttpServer.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <random>
#include <thread>
#include <vector>

#include "engine/http/CurlTransport.h"

using namespace auspex::engine;
using auspex::operators::HttpRequest;
using auspex::operators::HttpResponse;
using Failure = HttpResponse::Failure;
using std::chrono::milliseconds;

namespace {

/// Gives back the body, with the target as a header and a trailer behind; "/late" on another turn.
class EchoService final : public HttpService {
 public:
  explicit EchoService(ServerThread& thread) : thread_(thread) {}
  ~EchoService() override {
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }

  void handle(ServerRequest request, std::shared_ptr<HttpExchange> exchange) override {
    if (request.target != "/late") {
      waiting_.emplace_back(std::move(request), std::move(exchange));
      return;
    }
    threads_.emplace_back([this, body = request.body, exchange = std::move(exchange)]() mutable {
      std::this_thread::sleep_for(milliseconds(200));
      thread_.post([body, exchange = std::move(exchange)] { exchange->answer(200, {}, body); });
    });
  }

  void finishRound() override {
    while (!waiting_.empty()) {
      std::vector<std::pair<ServerRequest, std::shared_ptr<HttpExchange>>> taken;
      taken.swap(waiting_);
      for (const auto& [request, exchange] : taken) {
        exchange->begin(200, {{"x-target", request.target}}, std::nullopt);
        exchange->write(request.body);
        exchange->end({{"x-trailer", "end"}});
      }
    }
  }

 private:
  ServerThread& thread_;
  std::vector<std::pair<ServerRequest, std::shared_ptr<HttpExchange>>> waiting_;
  std::vector<std::thread> threads_;
};

struct ServerBench {
  explicit ServerBench(ServerLimits limits = {}, size_t numThreads = 1)
      : server({"127.0.0.1", 0, numThreads, limits},
               [](ServerThread& thread) { return std::make_unique<EchoService>(thread); }) {}

  std::string endpoint() const { return "127.0.0.1:" + std::to_string(server.port()); }

  std::future<HttpResponse> ask(const std::string& target, std::string body, bool isHttp2) {
    HttpRequest request;
    request.url = "http://" + endpoint() + target;
    request.body = std::move(body);
    request.isHttp2 = isHttp2;
    request.timeout = milliseconds(20'000);
    request.maxAnswerBytes = size_t{64} << 20;
    const auto promise = std::make_shared<std::promise<HttpResponse>>();
    transport.send(std::move(request),
                   [promise](HttpResponse response) { promise->set_value(std::move(response)); });
    return promise->get_future();
  }

  HttpServer server;
  CurlTransport transport{AddressRules::standard()};
};

/// A connection by hand.
class Wire {
 public:
  explicit Wire(uint16_t port) : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    timeval limit{10, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  }
  ~Wire() { close(descriptor_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void say(std::string_view bytes) const {
    static_cast<void>(!send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }
  void finishSaying() const { shutdown(descriptor_, SHUT_WR); }
  /// Everything until the server closes; "(open)" at the end when it does not.
  std::string hear() const {
    std::string heard;
    char bytes[4096];
    while (true) {
      const ssize_t count = recv(descriptor_, bytes, sizeof(bytes), 0);
      if (count <= 0) {
        return count == 0 || errno == ECONNRESET ? heard : heard + "(open)";
      }
      heard.append(bytes, static_cast<size_t>(count));
    }
  }

 private:
  int descriptor_;
};

const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace

TEST_CASE("Both versions on one port, many requests at a time, bodies of several megabytes") {
  ServerBench bench({}, 2);
  for (const bool isHttp2 : {false, true}) {
    CAPTURE(isHttp2);
    std::vector<std::future<HttpResponse>> answers;
    for (int i = 0; i < 200; ++i) {
      answers.push_back(bench.ask("/" + std::to_string(i), std::to_string(i * 7), isHttp2));
    }
    for (int i = 0; i < 200; ++i) {
      const HttpResponse response = answers[static_cast<size_t>(i)].get();
      CHECK(response.failure == Failure::None);
      CHECK(response.status == 200);
      CHECK(response.body == std::to_string(i * 7));
      CHECK(response.trailers.size() == (isHttp2 ? 1 : 0));
    }
    const std::string large(5'000'000, 'x');
    std::vector<std::future<HttpResponse>> largeAnswers;
    for (int i = 0; i < 4; ++i) {
      largeAnswers.push_back(bench.ask("/large", large, isHttp2));
    }
    for (auto& answer : largeAnswers) {
      const HttpResponse response = answer.get();
      CHECK_MESSAGE(response.failure == Failure::None, response.message);
      CHECK(response.body == large);
    }
  }
}

TEST_CASE("What is in flight is answered at a stop, and nothing else is taken") {
  for (const bool isHttp2 : {false, true}) {
    CAPTURE(isHttp2);
    ServerBench bench;
    CHECK(bench.ask("/warm", "x", isHttp2).get().status == 200);
    auto late = bench.ask("/late", "body", isHttp2);
    std::this_thread::sleep_for(milliseconds(50));
    const auto begin = std::chrono::steady_clock::now();
    bench.server.stop();
    CHECK(std::chrono::steady_clock::now() - begin < milliseconds(3'000));
    const HttpResponse response = late.get();
    CHECK_MESSAGE(response.failure == Failure::None, response.message);
    CHECK(response.body == "body");
    CHECK(bench.ask("/", "", isHttp2).get().failure == Failure::Connect);
  }
}

TEST_CASE("Too large a body is answered, over both versions, and the server goes on") {
  ServerLimits limits;
  limits.maxBodyBytes = 100'000;
  ServerBench bench(limits);
  for (const bool isHttp2 : {false, true}) {
    CAPTURE(isHttp2);
    const HttpResponse refused = bench.ask("/", std::string(3'000'000, 'x'), isHttp2).get();
    CHECK(refused.status == 413);
    CHECK(bench.ask("/", std::string(100'000, 'x'), isHttp2).get().status == 200);
  }
}

TEST_CASE("Time is up for those who do not ask, do not finish, or do not listen") {
  ServerLimits limits;
  limits.idleTimeout = limits.requestTimeout = limits.writeTimeout = milliseconds(300);
  ServerBench bench(limits);
  Wire silent(bench.server.port());
  Wire slow(bench.server.port());
  slow.say("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n12");
  Wire slowHeader(bench.server.port());
  slowHeader.say("GET / HT");
  Wire idle(bench.server.port());
  idle.say("GET / HTTP/1.1\r\n\r\n");
  Wire preface(bench.server.port());
  preface.say(kPreface.substr(0, 10));
  Wire settings(bench.server.port());
  settings.say(kPreface + std::string("\0\0\0\4\0\0\0\0\0", 9));
  CHECK(silent.hear().empty());
  CHECK(slow.hear().empty());
  CHECK(slowHeader.hear().empty());
  CHECK(preface.hear().empty());
  CHECK(idle.hear().find("HTTP/1.1 200 OK") == 0);
  CHECK(settings.hear().find("(open)") == std::string::npos);
  Wire deaf(bench.server.port());
  const std::string request =
      "POST / HTTP/1.1\r\nContent-Length: 30000000\r\n\r\n" + std::string(30'000'000, 'x');
  std::thread sender([&] { deaf.say(request); });
  sender.join();
  std::this_thread::sleep_for(milliseconds(1'000));
  CHECK(deaf.hear().find("(open)") == std::string::npos);
}

TEST_CASE("Connections beyond the bound are closed, and there is room when others have gone") {
  ServerLimits limits;
  limits.maxConnections = 2;
  ServerBench bench(limits);
  const std::string request = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
  {
    Wire first(bench.server.port());
    Wire second(bench.server.port());
    std::this_thread::sleep_for(milliseconds(100));
    Wire third(bench.server.port());
    CHECK(third.hear().empty());
    first.say(request);
    CHECK(first.hear().find("200 OK") != std::string::npos);
  }
  for (int tries = 0; tries < 100; ++tries) {
    Wire again(bench.server.port());
    again.say(request);
    if (!again.hear().empty()) {
      return;
    }
    std::this_thread::sleep_for(milliseconds(20));
  }
  FAIL("no connection is taken any more");
}

TEST_CASE("A client that closes its side still gets its answer") {
  ServerBench bench;
  Wire wire(bench.server.port());
  wire.say("POST /late HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
  wire.finishSaying();
  CHECK(wire.hear().ends_with("\r\n\r\nhi"));
}

TEST_CASE("Whatever bytes come, the server answers the next one") {
  ServerBench bench;
  std::mt19937 random(7);
  const std::string frame = std::string("\0\0\4\1\4\0\0\0\1\x82\x86\x84\x41", 13);
  for (int round = 0; round < 200; ++round) {
    Wire wire(bench.server.port());
    std::string bytes = round % 2 == 0 ? kPreface + frame : "POST / HTTP/1.1\r\nA: b\r\n\r\n";
    const size_t start = round % 4 == 0 ? kPreface.size() : 0;
    for (int change = 0; change < 3; ++change) {
      bytes[start + random() % (bytes.size() - start)] = static_cast<char>(random());
    }
    for (unsigned i = 0; i < random() % 40; ++i) {
      bytes += static_cast<char>(random());
    }
    wire.say(bytes);
    if (round % 3 == 0) {
      wire.finishSaying();
      CHECK(wire.hear().find("(open)") == std::string::npos);
    }
  }
  CHECK(bench.ask("/", "well", false).get().body == "well");
  CHECK(bench.ask("/", "well", true).get().body == "well");
}

TEST_CASE("A port that is taken is said, and addresses are read") {
  ServerBench bench;
  const auto make = [](ServerThread& thread) { return std::make_unique<EchoService>(thread); };
  CHECK_THROWS_WITH_AS(HttpServer({"127.0.0.1", bench.server.port(), 1, {}}, make),
                       doctest::Contains("Address already in use"), std::runtime_error);
  CHECK_THROWS_AS(HttpServer({"no.such.host.invalid", 0, 1, {}}, make), std::runtime_error);
  CHECK(parseListenAddress("0.0.0.0:80").host == "0.0.0.0");
  CHECK(parseListenAddress("[::1]:65535").host == "::1");
  CHECK(parseListenAddress("[::1]:65535").port == 65'535);
  for (const char* wrong :
       {"", "8080", ":8080", "host", "host:", "host:65536", "host:-1", "host:1x", "::1:80"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(parseListenAddress(wrong), std::invalid_argument);
  }
}
