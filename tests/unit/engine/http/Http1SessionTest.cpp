// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 as a server reads and writes it: whole and in pieces, well and ill.
#include <doctest/doctest.h>

#include "tests/unit/engine/http/RecordedService.h"

using namespace auspex::engine;

namespace {

const std::string kPost =
    "POST /a/b?c HTTP/1.1\r\nHost: x\r\nX-Mark: here \r\nContent-Length: 5\r\n\r\nhello";
const std::string kEcho = "HTTP/1.1 200 OK\r\nx-kind: echo\r\ncontent-length: 5\r\n\r\nhello";

std::string statusOf(const std::string& answer) {
  return answer.substr(0, answer.find("\r\n"));
}

size_t countOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("A request is the same however its bytes come") {
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{7}, size_t{1024}}) {
    CAPTURE(piece);
    SessionBench bench;
    CHECK(bench.ask(kPost, piece) == kEcho);
    REQUIRE(bench.service.handed.size() == 1);
    const ServerRequest& request = bench.service.handed[0].request;
    CHECK(request.method == "POST");
    CHECK(request.target == "/a/b?c");
    CHECK(request.header("x-mark") == "here");
    CHECK(request.header("host") == "x");
    CHECK(request.body == "hello");
    CHECK_FALSE(request.isHttp2);
    CHECK(bench.session->numOpen() == 0);
    CHECK_FALSE(bench.session->isOver());
    CHECK(bench.budget.used() == 0);
  }
}

TEST_CASE("Requests behind each other are answered in their order") {
  SessionBench bench;
  std::string all;
  for (int i = 0; i < 100; ++i) {
    all += kPost;
  }
  CHECK(countOf(bench.ask(all), kEcho) == 100);
  CHECK(countOf(bench.ask(all, 13), kEcho) == 100);
}

TEST_CASE("A request waits, as bytes, until the one before it is answered") {
  SessionBench bench;
  bench.service.answersAtOnce = false;
  CHECK(bench.ask(kPost + kPost).empty());
  CHECK(bench.service.handed.size() == 1);
  CHECK_FALSE(bench.session->wantsBytes());
  CHECK(bench.budget.used() == 5);
  CHECK(bench.session->numOpen() == 1);
  CHECK(bench.session->numArriving() == 0);
  bench.service.handed[0].exchange->answer(200, {}, "one");
  CHECK(bench.service.handed.size() == 2);
  bench.service.handed[1].exchange->answer(404, {}, "two");
  std::string answers;
  bench.session->pull(answers, SIZE_MAX);
  CHECK(answers ==
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none"
        "HTTP/1.1 404 Not Found\r\ncontent-length: 3\r\n\r\ntwo");
  CHECK(bench.session->wantsBytes());
  CHECK(bench.budget.used() == 0);
}

TEST_CASE("Bodies in chunks, both ways") {
  SessionBench bench;
  bench.service.answersAtOnce = false;
  bench.ask(
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n");
  REQUIRE(bench.service.handed.size() == 1);
  CHECK(bench.service.handed[0].request.body == "hello");
  HttpExchange& exchange = *bench.service.handed[0].exchange;
  exchange.begin(200, {}, std::nullopt);
  exchange.write("ab");
  std::string answer;
  bench.session->pull(answer, SIZE_MAX);
  CHECK(answer == "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n");
  exchange.write("");
  exchange.write(std::string(16, 'c'));
  exchange.end({{"trailer", "lost"}});
  answer.clear();
  bench.session->pull(answer, SIZE_MAX);
  CHECK(answer == "10\r\ncccccccccccccccc\r\n0\r\n\r\n");
}

TEST_CASE("The connection ends when one side says so") {
  struct Case {
    const char* request;
    bool isOver;
  };
  const Case cases[] = {{"GET / HTTP/1.1\r\n\r\n", false},
                        {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", true},
                        {"GET / HTTP/1.0\r\n\r\n", true},
                        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false}};
  for (const Case& one : cases) {
    CAPTURE(one.request);
    SessionBench bench;
    const std::string answer = bench.ask(one.request);
    CHECK(statusOf(answer) == "HTTP/1.1 200 OK");
    CHECK(bench.session->isOver() == one.isOver);
    CHECK_FALSE(bench.session->isCut());
    CHECK((answer.find("connection: close") != std::string::npos) == one.isOver);
  }
}

TEST_CASE("What is no request gets an answer and ends the connection") {
  ServerLimits limits;
  limits.maxBodyBytes = 10;
  limits.maxHeaderBytes = 200;
  limits.maxHeaders = 5;
  struct Case {
    std::string request;
    const char* status;
  };
  const std::string many = [] {
    std::string text = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 6; ++i) {
      text += "A: b\r\n";
    }
    return text + "\r\n";
  }();
  const Case cases[] = {
      {"\r\n\r\nhello there, this is no HTTP\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {std::string(20, '\0'), "HTTP/1.1 400 Bad Request"},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET /" + std::string(300, 'a') + " HTTP/1.1\r\n\r\n",
       "HTTP/1.1 431 Request Header Fields Too Large"},
      {"GET / HTTP/1.1\r\nA: " + std::string(300, 'a'),
       "HTTP/1.1 431 Request Header Fields Too Large"},
      {many, "HTTP/1.1 431 Request Header Fields Too Large"},
      {"POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n", "HTTP/1.1 413 Content Too Large"},
      {"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
       "HTTP/1.1 400 Bad Request"},
      {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
       "HTTP/1.1 400 Bad Request"},
      {"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "HTTP/1.1 400 Bad Request"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello!\r\n6\r\nhello!\r\n",
       "HTTP/1.1 413 Content Too Large"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "HTTP/1.1 400 Bad Request"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.request);
    SessionBench bench(limits);
    CHECK(statusOf(bench.ask(one.request)) == one.status);
    CHECK(bench.service.handed.empty());
    CHECK(bench.session->isOver());
    CHECK(bench.session->isCut());
    CHECK(bench.ask(kPost).empty());
    bench.session.reset();
    CHECK(bench.budget.used() == 0);
  }
}

TEST_CASE("Bodies beyond what the server may hold are refused, and give back what they took") {
  ServerLimits limits;
  limits.maxBufferedBytes = 12;
  SessionBench bench(limits);
  bench.service.answersAtOnce = false;
  bench.ask(kPost);
  SessionBench other(limits);
  SessionContext shared{limits, bench.budget, other.service, [] {}};
  const auto session = makeSession("POST", shared);
  session->receive("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n12345");
  CHECK(bench.budget.used() == 10);
  session->receive("6789");
  std::string answer;
  session->pull(answer, SIZE_MAX);
  CHECK(statusOf(answer) == "HTTP/1.1 503 Service Unavailable");
  bench.session.reset();
  CHECK(bench.budget.used() == 5);
}

TEST_CASE("A client that waits for leave to send its body gets it") {
  SessionBench bench;
  CHECK(bench.ask("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n") ==
        "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(bench.session->numArriving() == 1);
  CHECK(bench.ask("hello") == kEcho);
}

TEST_CASE("An upgrade is passed over, and HEAD has no body") {
  SessionBench bench;
  CHECK(
      statusOf(bench.ask("GET / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                         "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")) == "HTTP/1.1 200 OK");
  CHECK(bench.ask(kPost) == kEcho);
  CHECK(bench.ask("HEAD / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello") ==
        "HTTP/1.1 200 OK\r\nx-kind: echo\r\ncontent-length: 5\r\n\r\n");
  CHECK(statusOf(bench.ask("CONNECT a:1 HTTP/1.1\r\n\r\n")) == "HTTP/1.1 200 OK");
  CHECK(bench.ask(kPost) == kEcho);
}

TEST_CASE("An exchange that is let go of is answered, and one without a connection harmless") {
  SessionBench bench;
  bench.service.answersAtOnce = false;
  bench.ask(kPost);
  bench.service.handed[0].exchange.reset();
  std::string answer;
  bench.session->pull(answer, SIZE_MAX);
  CHECK(statusOf(answer) == "HTTP/1.1 500 Internal Server Error");

  bench.ask(kPost);
  bench.service.handed[1].exchange->begin(200, {}, 10);
  bench.service.handed[1].exchange.reset();
  CHECK(bench.session->isOver());

  SessionBench gone;
  gone.service.answersAtOnce = false;
  gone.ask(kPost);
  gone.session.reset();
  CHECK(gone.budget.used() == 0);
  gone.service.handed[0].exchange->answer(200, {}, "late");
}

TEST_CASE("Stopped, it answers what has begun and takes nothing else") {
  SessionBench idle;
  idle.ask(kPost);
  idle.session->stop();
  CHECK(idle.session->isOver());

  SessionBench busy;
  busy.ask(kPost.substr(0, 30));
  busy.session->stop();
  CHECK_FALSE(busy.session->isOver());
  const std::string answer = busy.ask(kPost.substr(30) + kPost);
  CHECK(countOf(answer, "HTTP/1.1 200 OK") == 1);
  CHECK(answer.find("connection: close") != std::string::npos);
  CHECK(busy.session->isOver());
}

TEST_CASE("Answers that nobody takes keep further requests from being read") {
  SessionBench bench;
  const std::string body(100'000, 'x');
  const std::string request = "POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + body;
  bench.session = makeSession("POST", bench.context());
  for (int i = 0; i < 30; ++i) {
    bench.session->receive(request);
  }
  CHECK(bench.service.handed.size() < 15);
  CHECK_FALSE(bench.session->wantsBytes());
  std::string answers;
  for (int i = 0; i < 4; ++i) {
    bench.session->pull(answers, SIZE_MAX);
  }
  CHECK(bench.service.handed.size() == 30);
  CHECK(countOf(answers, "HTTP/1.1 200 OK") == 30);
}
