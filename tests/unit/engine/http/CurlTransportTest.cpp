// SPDX-License-Identifier: Apache-2.0
// The transport against servers of this process, over real sockets.
#include "engine/http/CurlTransport.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <mutex>
#include <thread>

#include "tests/fixtures/CannedServer.h"

using namespace auspex::engine;
using namespace auspex::fixtures;
using auspex::operators::HttpRequest;
using auspex::operators::HttpResponse;
using Failure = HttpResponse::Failure;
using std::chrono::milliseconds;

namespace {

std::future<HttpResponse> ask(CurlTransport& transport, HttpRequest request) {
  const auto promise = std::make_shared<std::promise<HttpResponse>>();
  transport.send(std::move(request),
                 [promise](HttpResponse response) { promise->set_value(std::move(response)); });
  return promise->get_future();
}

HttpRequest post(const std::string& endpoint, const std::string& body, bool isHttp2 = false) {
  HttpRequest request;
  request.url = "http://" + endpoint + "/some/path";
  request.body = body;
  request.isHttp2 = isHttp2;
  request.headers = {{"X-Mark", "here"}};
  return request;
}

std::string valueOf(const auspex::operators::HttpHeaders& headers, const std::string& name) {
  for (const auto& header : headers) {
    if (header.first == name) {
      return header.second;
    }
  }
  return "(none)";
}

CannedAnswer echo(const CannedRequest& request) {
  CannedAnswer answer;
  answer.body = request.body;
  return answer;
}

}  // namespace

TEST_CASE("A request goes out as given and its answer comes back whole") {
  CannedServer server([](const CannedRequest& request) {
    CannedAnswer answer;
    answer.status = 418;
    answer.headers = {{"X-Kind", "tea"}};
    answer.body = request.head + "|" + request.body;
    return answer;
  });
  CurlTransport transport(AddressRules::standard());
  const HttpResponse response = ask(transport, post(server.endpoint(), "tensor")).get();
  CHECK(response.failure == Failure::None);
  CHECK(response.status == 418);
  CHECK(valueOf(response.headers, "x-kind") == "tea");
  CHECK(response.body.starts_with("POST /some/path HTTP/1.1\r\n"));
  CHECK(response.body.find("X-Mark: here\r\n") != std::string::npos);
  CHECK(response.body.find("Expect") == std::string::npos);
  CHECK(response.body.ends_with("|tensor"));
}

TEST_CASE("A body of several megabytes arrives, both ways") {
  CannedServer server(echo);
  CurlTransport transport(AddressRules::standard());
  const std::string body(5'000'000, 'x');
  for (const bool isHttp2 : {false, true}) {
    CAPTURE(isHttp2);
    const HttpResponse response = ask(transport, post(server.endpoint(), body, isHttp2)).get();
    CHECK(response.failure == Failure::None);
    CHECK(response.body.size() == body.size());
    CHECK((response.body == body));
  }
}

TEST_CASE(
    "HTTP/2 by prior knowledge: many streams on one connection, trailers apart from headers") {
  CannedServer server([](const CannedRequest& request) { return grpcAnswer(request.body); });
  CurlTransport transport(AddressRules::standard());
  std::vector<std::future<HttpResponse>> answers;
  for (int i = 0; i < 50; ++i) {
    answers.push_back(ask(transport, post(server.endpoint(), std::to_string(i), true)));
  }
  for (int i = 0; i < 50; ++i) {
    const HttpResponse response = answers[static_cast<size_t>(i)].get();
    CHECK(response.message == "");
    REQUIRE(response.failure == Failure::None);
    CHECK(response.body.substr(5) == std::to_string(i));
    CHECK(valueOf(response.headers, "content-type") == "application/grpc");
    CHECK(valueOf(response.trailers, "grpc-status") == "0");
    CHECK(valueOf(response.headers, "grpc-status") == "(none)");
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("A connection is kept for the next request") {
  CannedServer server(echo);
  CurlTransport transport(AddressRules::standard());
  for (int i = 0; i < 5; ++i) {
    CHECK(ask(transport, post(server.endpoint(), "x")).get().failure == Failure::None);
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("What goes wrong is told as what it is") {
  CannedServer server([](const CannedRequest& request) {
    CannedAnswer answer;
    answer.body = std::string(1000, 'x');
    if (request.body == "cut") {
      answer.end = CannedAnswer::End::Cut;
    } else if (request.body == "hang") {
      answer.end = CannedAnswer::End::Hang;
    } else if (request.body == "redirect") {
      answer.status = 302;
      answer.headers = {{"Location", "http://127.0.0.1:1/elsewhere"}};
    }
    return answer;
  });
  CurlTransport transport(AddressRules::standard());
  for (const bool isHttp2 : {false, true}) {
    CAPTURE(isHttp2);
    const auto failureOf = [&](const std::string& body, size_t maxBytes = 2000) {
      HttpRequest request = post(server.endpoint(), body, isHttp2);
      request.timeout = milliseconds(body == "hang" ? 50 : 5000);
      request.maxAnswerBytes = maxBytes;
      const HttpResponse response = ask(transport, std::move(request)).get();
      CHECK((response.failure == Failure::None) == response.message.empty());
      return response.failure;
    };
    CHECK(failureOf("cut") == Failure::Broken);
    CHECK(failureOf("hang") == Failure::Timeout);
    CHECK(failureOf("redirect") == Failure::NotAllowed);
    CHECK(failureOf("large", 999) == Failure::TooLarge);
    CHECK(failureOf("fits", 1000) == Failure::None);
  }
}

TEST_CASE("A server that is not there, or has no name, is a failure to connect") {
  std::string endpoint;
  {
    CannedServer gone(echo);
    endpoint = gone.endpoint();
  }
  CurlTransport transport(AddressRules::standard());
  CHECK(ask(transport, post(endpoint, "x")).get().failure == Failure::Connect);
  CHECK(ask(transport, post("nowhere.invalid:80", "x")).get().failure == Failure::Connect);
  HttpRequest wrong = post(endpoint, "x");
  wrong.url = "file:///etc/passwd";
  CHECK(ask(transport, wrong).get().failure == Failure::Connect);
  wrong.url = "no url at all";
  CHECK(ask(transport, wrong).get().failure != Failure::None);
}

TEST_CASE("An address off the list is not connected to, whatever its name") {
  CannedServer server(echo);
  CurlTransport transport(AddressRules::parse("10.0.0.0/8"));
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    const std::string endpoint = host + server.endpoint().substr(server.endpoint().find(':'));
    const HttpResponse response = ask(transport, post(endpoint, "x")).get();
    CHECK(response.failure == Failure::NotAllowed);
    CHECK(response.message.find("models.rpc.allow") != std::string::npos);
  }
  CHECK(server.connections() == 0);
}

TEST_CASE("A proxy of the environment is not used") {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  CannedServer server(echo);
  CurlTransport transport(AddressRules::standard());
  CHECK(ask(transport, post(server.endpoint(), "x")).get().failure == Failure::None);
  unsetenv("http_proxy");
  unsetenv("ALL_PROXY");
}

TEST_CASE("A connection that the server has closed meanwhile costs no request") {
  CannedServer server([](const CannedRequest& request) {
    CannedAnswer answer = echo(request);
    answer.end = CannedAnswer::End::Close;
    return answer;
  });
  CurlTransport transport(AddressRules::standard());
  for (int i = 0; i < 20; ++i) {
    CHECK(ask(transport, post(server.endpoint(), "x")).get().failure == Failure::None);
  }
  CHECK(server.connections() == 20);
}

TEST_CASE("Closing ends what is in flight, and what is sent later at once") {
  CannedServer server([](const CannedRequest&) {
    CannedAnswer answer;
    answer.end = CannedAnswer::End::Hang;
    return answer;
  });
  CurlTransport transport(AddressRules::standard());
  std::vector<std::future<HttpResponse>> answers;
  for (int i = 0; i < 20; ++i) {
    answers.push_back(ask(transport, post(server.endpoint(), "x", i % 2 == 0)));
  }
  transport.close();
  for (auto& answer : answers) {
    REQUIRE(answer.wait_for(milliseconds(0)) == std::future_status::ready);
    CHECK(answer.get().failure == Failure::Broken);
  }
  auto late = ask(transport, post(server.endpoint(), "x"));
  REQUIRE(late.wait_for(milliseconds(0)) == std::future_status::ready);
  CHECK(late.get().failure == Failure::Broken);
  transport.close();
}

TEST_CASE("A timer fires once at its time, earlier ones first; a closed transport fires none") {
  CurlTransport transport(AddressRules::standard());
  std::promise<void> fired;
  std::mutex mutex;
  std::vector<int> order;
  const auto start = transport.now();
  transport.callAt(start + milliseconds(40), [&] {
    const std::lock_guard lock(mutex);
    order.push_back(2);
    fired.set_value();
  });
  transport.callAt(start + milliseconds(10), [&] {
    const std::lock_guard lock(mutex);
    order.push_back(1);
  });
  transport.callAt(start + milliseconds(60'000), [&] { order.push_back(3); });
  fired.get_future().wait();
  CHECK(transport.now() >= start + milliseconds(40));
  transport.close();
  CHECK(order == std::vector<int>{1, 2});
}

TEST_CASE("Many threads send at a time, and each gets its own answer") {
  CannedServer server(echo);
  CurlTransport transport(AddressRules::standard());
  std::atomic<int> numRight = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i) {
        const std::string body = std::to_string(thread * 1000 + i);
        const HttpResponse response =
            ask(transport, post(server.endpoint(), body, thread % 2 == 0)).get();
        numRight += response.failure == Failure::None && response.body == body ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(numRight == 200);
}
