// SPDX-License-Identifier: Apache-2.0
// A model server asked over HTTP/1.1 with JSON: requests of 1 and of 100 rows, their number a
// second and the 99th percentile of their time. Without arguments the engine's own server, in this
// process; with models of servers, ADDRESS:PORT/v2/models/NAME of so many features, those, each
// beside the first: ServeBench FEATURES MODEL MODEL...
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "engine/http/HttpServer.h"
#include "engine/serving/InferService.h"
#include "operators/models/ModelLoader.h"
#include "tests/bench/QuickTurn.h"

using namespace auspex;
using Clock = std::chrono::steady_clock;

namespace {

/// Clients at a time, each with a connection of its own that asks again when it is answered.
constexpr size_t kClients = 4;
constexpr double kQuantile = 0.99;

struct Place {
  std::string host;
  uint16_t port = 0;
  std::string path;
};

Place parsePlace(const std::string& text) {
  const size_t colon = text.find(':');
  const size_t slash = text.find('/');
  if (colon == std::string::npos || slash == std::string::npos || slash < colon) {
    throw std::invalid_argument("'" + text + "' is not ADDRESS:PORT/v2/models/NAME");
  }
  return {text.substr(0, colon), static_cast<uint16_t>(std::stoi(text.substr(colon + 1))),
          text.substr(slash)};
}

std::string requestOf(const Place& place, size_t numRows, size_t numFeatures) {
  std::mt19937 random(7);
  std::normal_distribution<double> values;
  std::string body =
      fmt::format(R"({{"inputs":[{{"name":"x","shape":[{},{}],"datatype":"FP32","data":[)", numRows,
                  numFeatures);
  for (size_t i = 0; i < numRows * numFeatures; ++i) {
    body += fmt::format("{}{:.5f}", i == 0 ? "" : ",", values(random));
  }
  body += "]}]}";
  return fmt::format(
      "POST {}/infer HTTP/1.1\r\nHost: {}:{}\r\nContent-Type: application/json\r\nContent-Length: "
      "{}\r\n\r\n{}",
      place.path, place.host, place.port, body.size(), body);
}

/// One connection that waits for each answer.
class Client {
 public:
  explicit Client(const Place& place) : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(place.port);
    inet_pton(AF_INET, place.host.c_str(), &address.sin_addr);
    const int enabled = 1;
    setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &enabled, sizeof(enabled));
    if (connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      throw std::runtime_error("no server at " + place.host);
    }
  }
  ~Client() { close(descriptor_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void ask(const std::string& request) {
    for (size_t sent = 0; sent < request.size();) {
      const ssize_t count =
          send(descriptor_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      requireMore(count);
      sent += static_cast<size_t>(count);
    }
    std::string answer;
    size_t end = std::string::npos;
    size_t length = 0;
    while (end == std::string::npos || answer.size() < end + length) {
      char bytes[65'536];
      const ssize_t count = recv(descriptor_, bytes, sizeof(bytes), 0);
      requireMore(count);
      answer.append(bytes, static_cast<size_t>(count));
      if (end == std::string::npos && (end = answer.find("\r\n\r\n")) != std::string::npos) {
        end += 4;
        length = lengthOf(answer.substr(0, end));
      }
    }
    if (!answer.starts_with("HTTP/1.1 200")) {
      throw std::runtime_error("the server answers " + answer.substr(0, 300));
    }
  }

 private:
  static void requireMore(ssize_t count) {
    if (count <= 0) {
      throw std::runtime_error("the server closed the connection");
    }
  }
  static size_t lengthOf(std::string head) {
    std::transform(head.begin(), head.end(), head.begin(), [](char letter) {
      return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    });
    const size_t place = head.find("content-length: ");
    return place == std::string::npos ? 0 : std::strtoul(head.c_str() + place + 16, nullptr, 10);
  }

  int descriptor_;
};

struct Figures {
  double requestsPerSecond = 0;
  double latencyMicros = 0;
};

Figures measure(const Place& place, size_t numRows, size_t numFeatures) {
  const auto duration = std::chrono::milliseconds(bench::fullOrQuick(5'000, 100));
  const std::string request = requestOf(place, numRows, numFeatures);
  std::vector<std::vector<double>> times(kClients);
  std::vector<std::thread> threads;
  const auto begin = Clock::now();
  for (size_t client = 0; client < kClients; ++client) {
    threads.emplace_back([&, client] {
      Client connection(place);
      while (Clock::now() - begin < duration) {
        const auto asked = Clock::now();
        connection.ask(request);
        times[client].push_back(
            std::chrono::duration<double, std::micro>(Clock::now() - asked).count());
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::vector<double> all;
  for (const auto& some : times) {
    all.insert(all.end(), some.begin(), some.end());
  }
  const auto place99 =
      all.begin() + static_cast<ptrdiff_t>(kQuantile * static_cast<double>(all.size()));
  std::nth_element(all.begin(), place99, all.end());
  return {static_cast<double>(all.size()) / seconds, *place99};
}

/// Asks every place for requests of both sizes and prints them beside the first.
void compare(const std::vector<std::string>& places, size_t numFeatures) {
  double rowsPerSecond = 0;
  for (const size_t numRows : {size_t{1}, size_t{100}}) {
    Figures first;
    for (size_t i = 0; i < places.size(); ++i) {
      const Figures found = measure(parsePlace(places[i]), numRows, numFeatures);
      fmt::print("{:3} rows a request: {:9.0f} requests/s, p99 {:8.0f} us  {}\n", numRows,
                 found.requestsPerSecond, found.latencyMicros, places[i]);
      if (i == 0) {
        first = found;
      } else {
        fmt::print("    the first beside it: throughput ratio {:.2f}, p99 ratio {:.3f}\n",
                   first.requestsPerSecond / found.requestsPerSecond,
                   first.latencyMicros / found.latencyMicros);
      }
    }
    const double rows = first.requestsPerSecond * static_cast<double>(numRows);
    if (numRows == 1) {
      rowsPerSecond = rows;
    } else {
      fmt::print("rows a second, 100 a request beside 1: ratio {:.2f}\n", rows / rowsPerSecond);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc > 2) {
      compare({argv + 2, argv + argc}, std::stoul(argv[1]));
      return 0;
    }
    operators::ModelRegistry registry;
    registry.add(operators::loadModel(BENCH_MODEL, {.name = "M"}), true);
    const engine::ServedModels models(registry);
    engine::HttpServer server({"127.0.0.1", 0, 1, {}}, [&](engine::ServerThread&) {
      return std::make_unique<engine::InferService>(models, engine::ServerIdentity{});
    });
    compare({fmt::format("127.0.0.1:{}/v2/models/m", server.port())},
            registry.find("M")->info().features.size());
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
