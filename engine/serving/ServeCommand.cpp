// SPDX-License-Identifier: Apache-2.0
#include "engine/serving/ServeCommand.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <thread>

#include "engine/Engine.h"
#include "engine/Script.h"
#include "engine/Signals.h"
#include "engine/brokers/simulated/SimulatedBroker.h"
#include "engine/http/HttpServer.h"
#include "engine/serving/InferService.h"
#include "operators/data/Ascii.h"

namespace auspex::engine {
namespace {

constexpr size_t kMostThreads = 8;
/// A signal ends the pause; it is looked for that often anyway, since another thread may get it.
constexpr int kSignalPauseMs = 50;

bool isServable(const parser::AlterModel& alter) {
  return !std::holds_alternative<parser::SplitModel>(alter.action) &&
         !std::holds_alternative<parser::ShadowModel>(alter.action);
}

/// Statements that make models and name their versions.
bool isServable(const parser::Statement& statement) {
  if (const auto* const alter = std::get_if<parser::AlterModel>(&statement.node)) {
    return isServable(*alter);
  }
  return std::holds_alternative<parser::CreateModel>(statement.node) ||
         std::holds_alternative<parser::DropModel>(statement.node);
}

/// Where a model is that this process does not score itself.
void requireEmbedded(const parser::CreateModel& create, Script& script) {
  for (const parser::Property& property : create.properties) {
    if (operators::equalsIgnoringCase(property.name.name, "DEPLOYMENT") &&
        !operators::equalsIgnoringCase(property.text, "EMBEDDED")) {
      script.errors.push_back({property.span,
                               "`serve` answers for models that it scores itself, "
                               "DEPLOYMENT='EMBEDDED', not for those of others."});
    }
  }
}

void requireServable(Script& script) {
  for (const parser::ParsedStatement& parsed : script.statements) {
    if (const auto* const create = std::get_if<parser::CreateModel>(&parsed.statement.node)) {
      requireEmbedded(*create, script);
    }
    if (!isServable(parsed.statement)) {
      script.errors.push_back({parsed.statement.span,
                               "`serve` takes CREATE, ALTER and DROP MODEL, without splits and "
                               "shadows. Queries, and what "
                               "belongs to them, are for `run`."});
    }
  }
}

/// Executes the programs in memory; false when something was wrong, which was told.
bool execute(const ServeOptions& options, Engine& engine) {
  parser::Variables variables = options.variables;
  for (const std::filesystem::path& path : options.files) {
    Script script = readScript(path, variables);
    requireServable(script);
    engine.setBasePath(path.parent_path());
    if (script.errors.empty()) {
      checkScripts(engine.executor(), {&script, 1});
    }
    if (reportErrors(script)) {
      return false;
    }
    for (const parser::ParsedStatement& statement : script.statements) {
      try {
        engine.executor().execute(statement);
      } catch (const queries::StatementError& error) {
        reportError(script, error.span(), error.what());
        return false;
      }
    }
  }
  return true;
}

ServerOptions serverOptions(const ServeOptions& options) {
  ServerOptions server = parseListenAddress(options.listen);
  const size_t cores = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kMostThreads);
  server.numThreads = options.numThreads == 0 ? cores : options.numThreads;
  server.limits.maxBodyBytes = options.maxRequestBytes;
  server.limits.maxBufferedBytes =
      std::max(server.limits.maxBufferedBytes, 2 * options.maxRequestBytes);
  return server;
}

ExitCode serve(const ServeOptions& options) {
  const ServerOptions listening = serverOptions(options);
  // On a broker of its own in memory: nothing outside is touched, and nothing kept.
  EngineOptions engineOptions;
  engineOptions.numThreads = -1;
  Engine engine(engineOptions, std::make_shared<SimulatedBroker>(), nullptr);
  if (!execute(options, engine)) {
    return ExitCode::StatementFailed;
  }
  const ServedModels models(engine.executor().models());
  if (models.list().empty()) {
    std::cerr << "auspex: the programs make no model: there is nothing to serve\n";
    return ExitCode::StatementFailed;
  }
  HttpServer server(listening, [&](ServerThread&) {
    return std::make_unique<InferService>(models, ServerIdentity{"auspex", options.productVersion});
  });
  const bool isIpv6 = listening.host.find(':') != std::string::npos;
  const size_t numVersions = models.list().size();
  std::cerr << fmt::format(
      "auspex: {} version{} of models at http://{}:{} (HTTP/1.1, HTTP/2, gRPC)\n", numVersions,
      numVersions == 1 ? "" : "s", isIpv6 ? "[" + listening.host + "]" : listening.host,
      server.port());
  while (!isInterrupted()) {
    ::poll(nullptr, 0, kSignalPauseMs);
  }
  std::cerr << "auspex: stopping; what is in flight is answered\n";
  server.stop();
  return ExitCode::Interrupted;
}

}  // namespace

ExitCode serveModels(const ServeOptions& options) {
  try {
    return serve(options);
  } catch (const queries::StatementError& error) {
    std::cerr << fmt::format("auspex: {}\n", error.what());
    return ExitCode::StatementFailed;
  } catch (const std::invalid_argument& error) {
    std::cerr << fmt::format("auspex: {}\n", error.what());
    return ExitCode::WrongUsage;
  } catch (const std::exception& error) {
    std::cerr << fmt::format("auspex: {}\n", error.what());
    return ExitCode::Unavailable;
  }
}

}  // namespace auspex::engine
