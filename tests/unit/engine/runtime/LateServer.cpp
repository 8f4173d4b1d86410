// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/engine/runtime/LateServer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "operators/formats/json/JsonTree.h"

namespace auspex::engine {
namespace {

using operators::HttpRequest;
using operators::HttpResponse;
using operators::JsonTree;

constexpr std::chrono::milliseconds kTurn{100};

/// All numbers of a feature; NULL is 0.
std::vector<double> numbersOf(const JsonTree& input) {
  std::vector<double> numbers;
  for (const JsonTree& value : input.find("data")->elements) {
    numbers.push_back(value.kind == JsonTree::Kind::Number ? std::stod(value.text) : 0);
  }
  return numbers;
}

}  // namespace

void LateServer::send(HttpRequest request, std::function<void(HttpResponse)> done) {
  HttpResponse response;
  {
    const std::lock_guard lock(mutex_);
    if (request.method == "POST") {
      if (isSilentTo(request)) {
        if (habits_.turnsSilent > 0) {
          asked_.push_back({std::move(request), std::move(done), turn_ + habits_.turnsSilent});
        }
        return;
      }
      const size_t more = 2 * numRequests_ % 5;  // they do not all come at once
      asked_.push_back({std::move(request), std::move(done), turn_ + habits_.turns + more});
      ++numRequests_;
      mostWaiting_ = std::max(mostWaiting_, asked_.size());
      return;
    }
    if (habits_.isAwayAtFirst && turn_ < habits_.turnsAway) {
      response.failure = HttpResponse::Failure::Connect;
      response.message = "connection refused";
    } else {
      response = describe();
    }
  }
  done(std::move(response));
}

std::chrono::steady_clock::time_point LateServer::now() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::steady_clock::time_point(kTurn * static_cast<int64_t>(turn_ + 1));
}

void LateServer::callAt(std::chrono::steady_clock::time_point time, std::function<void()> action) {
  const std::lock_guard lock(mutex_);
  timers_.push_back({time, std::move(action)});
}

void LateServer::turn() {
  std::vector<Asked> due;
  std::vector<std::function<void()>> actions;
  {
    const std::lock_guard lock(mutex_);
    ++turn_;
    const auto waits = [&](const Asked& asked) { return asked.turn > turn_; };
    const auto first = std::stable_partition(asked_.begin(), asked_.end(), waits);
    std::move(first, asked_.end(), std::back_inserter(due));
    asked_.erase(first, asked_.end());
    const auto time =
        std::chrono::steady_clock::time_point(kTurn * static_cast<int64_t>(turn_ + 1));
    for (Timer& timer : timers_) {
      if (timer.time <= time) {
        actions.push_back(std::move(timer.action));
        timer.action = nullptr;
      }
    }
    std::erase_if(timers_, [](const Timer& timer) { return !timer.action; });
  }
  std::reverse(due.begin(), due.end());
  for (const Asked& asked : due) {
    asked.done(answer(asked.request));
  }
  for (const auto& action : actions) {
    action();
  }
}

size_t LateServer::mostWaiting() const {
  const std::lock_guard lock(mutex_);
  return mostWaiting_;
}

size_t LateServer::numRequests() const {
  const std::lock_guard lock(mutex_);
  return numRequests_;
}

bool LateServer::isSilentTo(const HttpRequest& request) const {
  return !habits_.silentEndpoint.empty() &&
         request.url.find(habits_.silentEndpoint) != std::string::npos;
}

HttpResponse LateServer::describe() const {
  HttpResponse response;
  response.status = 200;
  response.body = R"({"name":"m","platform":"test","versions":["1"],"inputs":[)";
  for (const std::string& feature : habits_.features) {
    response.body += fmt::format(R"({}{{"name":"{}","datatype":"FP64","shape":[-1]}})",
                                 response.body.back() == '[' ? "" : ",", feature);
  }
  response.body += R"(],"outputs":[{"name":"score","datatype":"FP64","shape":[-1]}]})";
  return response;
}

HttpResponse LateServer::answer(const HttpRequest& request) const {
  HttpResponse response;
  const bool isDead =
      !habits_.deadEndpoint.empty() && request.url.find(habits_.deadEndpoint) != std::string::npos;
  if (turn_ < habits_.turnsAway || isDead) {
    response.failure = HttpResponse::Failure::Connect;
    response.message = "connection refused";
    return response;
  }
  if (isSilentTo(request)) {
    response.failure = HttpResponse::Failure::Timeout;
    response.message = "no answer in time";
    return response;
  }
  return score(habits_, request.url.substr(0, request.url.rfind("/infer")), request.body);
}

HttpResponse LateServer::score(const LateServerHabits& habits, const std::string& model,
                               const std::string& body) {
  HttpResponse response;
  const auto tree = JsonTree::parse(body);
  std::map<std::string, std::vector<double>> features;
  for (const JsonTree& input : tree->find("inputs")->elements) {
    features[input.find("name")->text] = numbersOf(input);
  }
  const double more = std::isdigit(model.back()) != 0 ? model.back() - '0' : 0;
  const std::vector<double>& amounts = features["amount"];
  std::string scores;
  for (size_t row = 0; row < amounts.size(); ++row) {
    if (amounts[row] == habits.refused && model.ends_with(habits.refusing)) {
      response.status = 400;
      response.body = R"({"error":"amount is out of range"})";
      return response;
    }
    const double score = 2 * amounts[row] + features["n"][row] + more;
    scores += fmt::format("{}{:.17g}", scores.empty() ? "" : ",", score);
  }
  response.status = 200;
  const JsonTree* const id = tree->find("id");
  response.body = fmt::format(
      R"({{"model_name":"m","id":"{}","outputs":[{{"name":"score","datatype":"FP64","shape":[{}],"data":[{}]}}]}})",
      id == nullptr ? "" : id->text, amounts.size(), scores);
  return response;
}

}  // namespace auspex::engine
