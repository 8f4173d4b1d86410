// SPDX-License-Identifier: Apache-2.0
#include "engine/RegistryWatch.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace auspex::engine {
namespace {

/// A version that cannot be loaded is not fetched more often than this many intervals apart.
constexpr uint32_t kMostDoublings = 6;

}  // namespace

void RegistryWatch::Inbox::add(News added) {
  const std::lock_guard lock(mutex);
  news.push_back(std::move(added));
}

std::optional<RegistryWatch::News> RegistryWatch::Inbox::take() {
  const std::lock_guard lock(mutex);
  if (news.empty()) {
    return std::nullopt;
  }
  News first = std::move(news.front());
  news.pop_front();
  return first;
}

RegistryWatch::RegistryWatch(queries::StatementExecutor& executor,
                             operators::HttpTransport& transport,
                             std::chrono::milliseconds interval, std::function<void()> hear)
    : executor_(executor),
      transport_(transport),
      interval_(interval),
      hear_(std::move(hear)),
      inbox_(std::make_shared<Inbox>()) {
}

void RegistryWatch::poll() {
  while (std::optional<News> news = inbox_->take()) {
    take(std::move(*news));
  }
  const auto& models = executor_.catalog().models;
  std::erase_if(followed_, [&](const auto& entry) { return !models.contains(entry.first); });
  for (const auto& [name, model] : models) {
    if (!model->registry || !model->registry->follows) {
      continue;
    }
    const Followed& followed = followed_[name];
    if (!followed.isAsking && transport_.now() >= followed.nextQuestion) {
      ask(name, *model->registry);
    }
  }
}

void RegistryWatch::ask(const std::string& model, const queries::RegistryLink& link) {
  followed_[model].isAsking = true;
  News news{model, link.url, {link.model, link.alias, std::nullopt}, {}, {}, {}};
  operators::MlflowRegistry(transport_, link.url)
      .resolve(news.uri, [inbox = inbox_, news](auto answer) mutable {
        news.version = std::move(answer.answer);
        news.failure = std::move(answer.failure);
        inbox->add(std::move(news));
      });
}

void RegistryWatch::fetch(const News& news) {
  News fetched = news;
  operators::MlflowRegistry(transport_, news.url)
      .fetch(news.uri.model, *news.version, [inbox = inbox_, fetched](auto answer) mutable {
        fetched.artefact = std::move(answer.answer);
        fetched.failure = std::move(answer.failure);
        inbox->add(std::move(fetched));
      });
}

void RegistryWatch::take(News news) {
  if (linkOf(news) == nullptr) {
    followed_.erase(news.model);  // asked anew, if it follows something else
    return;
  }
  if (!news.failure.empty()) {
    settle(news.model, news.failure);
    return;
  }
  try {
    if (linkOf(news)->followed != news.version->number) {
      hear_();
    }
    const queries::RegistryLink* const link = linkOf(news);
    const uint32_t version = news.version->number;
    if (link == nullptr || link->followed == version) {
      settle(news.model, "");
      return;
    }
    const bool isLoaded = this->isLoaded(news.model, version);
    if (!isLoaded && !news.artefact) {
      fetch(news);
      return;
    }
    executor_.follow(news.model, *news.version, isLoaded ? std::nullopt : std::move(news.artefact));
    spdlog::info("model={} follows alias '{}' of '{}' to version {}", news.model, news.uri.alias,
                 news.url, version);
    settle(news.model, "");
  } catch (const std::runtime_error& error) {
    settle(news.model,
           fmt::format("version {} was not taken over: {}", news.version->number, error.what()));
  }
}

void RegistryWatch::settle(const std::string& model, const std::string& failure) {
  Followed& followed = followed_[model];
  followed.isAsking = false;
  followed.numFailures = failure.empty() ? 0 : std::min(followed.numFailures + 1, kMostDoublings);
  const auto pause = interval_ * (1U << (followed.numFailures > 0 ? followed.numFailures - 1 : 0));
  followed.nextQuestion = transport_.now() + pause;
  if (!failure.empty() && failure != followed.lastFailure) {
    spdlog::warn("model={} goes on as it is: {}", model, failure);
  }
  followed.lastFailure = failure;
  executor_.noteRegistry(model, failure.empty() ? "its version serves" : failure);
}

const queries::RegistryLink* RegistryWatch::linkOf(const News& news) const {
  const queries::ModelDefinition* const model = executor_.catalog().findModel(news.model);
  const bool isSame = model != nullptr && model->registry && model->registry->follows &&
                      model->registry->url == news.url &&
                      model->registry->model == news.uri.model &&
                      model->registry->alias == news.uri.alias;
  return isSame ? &*model->registry : nullptr;
}

bool RegistryWatch::isLoaded(const std::string& model, uint32_t version) const {
  const auto models = executor_.models().snapshot();
  const auto found = models->find(model);
  return found != models->end() && found->second->versions.contains(version);
}

}  // namespace auspex::engine
