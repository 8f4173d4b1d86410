// SPDX-License-Identifier: Apache-2.0
// Looks where the aliases lead in their registries that models follow, and has the versions taken
// over.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "operators/models/registry/MlflowRegistry.h"
#include "operators/ports/HttpTransport.h"
#include "queries/StatementExecutor.h"

namespace auspex::engine {

/// Each model that follows an alias goes round:
///
///   idle --(its time has come)--> asking --> same version as before: idle
///                                   |------> a version that is there: taken over, idle
///                                   '------> a new one: fetching --> taken over, idle
///
/// What fails is told (the log, DESCRIBE MODEL) and tried again, each time after twice as long,
/// while what served goes on. Belongs to the thread of the executor; nothing waits.
class RegistryWatch {
 public:
  /// hear: takes over what other instances have said, which may be the same change.
  RegistryWatch(queries::StatementExecutor& executor, operators::HttpTransport& transport,
                std::chrono::milliseconds interval, std::function<void()> hear);

  /// Takes over what has come, and asks for what is due.
  void poll();

 private:
  using Time = std::chrono::steady_clock::time_point;
  /// What is known of a model that is followed.
  struct Followed {
    Time nextQuestion{};
    bool isAsking = false;
    uint32_t numFailures = 0;  // one after the other
    std::string lastFailure;
  };
  /// An answer, on its way from the transport's threads.
  struct News {
    std::string model;
    std::string url;
    operators::RegistryUri uri;
    std::optional<operators::RegisteredVersion> version;
    std::optional<operators::RegisteredArtefact> artefact;
    std::string failure;
  };
  struct Inbox {
    std::mutex mutex;  // guards news
    std::deque<News> news;

    void add(News added);
    std::optional<News> take();
  };

  void ask(const std::string& model, const queries::RegistryLink& link);
  void take(News news);
  void fetch(const News& news);
  void settle(const std::string& model, const std::string& failure);
  /// The link that a question was of; null when the model has another by now, or none.
  const queries::RegistryLink* linkOf(const News& news) const;
  bool isLoaded(const std::string& model, uint32_t version) const;

  queries::StatementExecutor& executor_;
  operators::HttpTransport& transport_;
  const std::chrono::milliseconds interval_;
  const std::function<void()> hear_;
  std::shared_ptr<Inbox> inbox_;  // outlives the watch in callbacks
  std::map<std::string, Followed> followed_;
};

}  // namespace auspex::engine
