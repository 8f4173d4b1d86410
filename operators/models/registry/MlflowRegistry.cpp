// SPDX-License-Identifier: Apache-2.0
#include "operators/models/registry/MlflowRegistry.h"

#include <charconv>
#include <chrono>
#include <future>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>

#include "operators/formats/json/JsonTree.h"
#include "operators/models/ModelError.h"
#include "operators/models/ModelLoader.h"
#include "operators/models/registry/MlmodelFile.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "operators/models/rpc/RemoteCodec.h"

namespace auspex::operators {
namespace {

constexpr std::chrono::milliseconds kQuestionTimeout{10'000};
/// A model of a gigabyte over a network that is not the slowest.
constexpr std::chrono::milliseconds kArtefactTimeout{120'000};
/// The transport keeps the times above; this is for one that does not.
constexpr std::chrono::milliseconds kPatience{5'000};
/// Descriptions of versions, and MLmodel: kilobytes.
constexpr size_t kMaxDescriptionBytes = size_t{4} << 20;

HttpRequest getRequest(std::string url, std::chrono::milliseconds timeout, size_t maxBytes) {
  HttpRequest request;
  request.method = "GET";
  request.url = std::move(url);
  request.timeout = timeout;
  request.maxAnswerBytes = maxBytes;
  return request;
}

std::optional<uint32_t> versionOf(const JsonTree& tree) {
  const JsonTree* const member = tree.find("version");
  // MLflow writes a string; a number is as good.
  const std::string text = member == nullptr ? "" : member->text;
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool isNumber = !text.empty() && error == std::errc() && end == text.data() + text.size();
  return isNumber && number > 0 &&
                 number <= static_cast<uint32_t>(std::numeric_limits<int32_t>::max())
             ? std::optional(number)
             : std::nullopt;
}

std::string textMember(const JsonTree& tree, std::string_view name) {
  const JsonTree* const member = tree.find(name);
  return member == nullptr || member->kind != JsonTree::Kind::String ? "" : member->text;
}

RegisteredVersion readRegisteredVersion(const HttpResponse& response, const RegistryUri& uri) {
  requireAnswer(response);
  const std::optional<JsonTree> tree = JsonTree::parse(response.body);
  const JsonTree* const member = tree ? tree->find("model_version") : nullptr;
  const std::optional<uint32_t> number = member == nullptr ? std::nullopt : versionOf(*member);
  if (!number) {
    throw ModelError("its answer is not of MLflow's registry: " + presentable(response.body));
  }
  if (uri.version && *uri.version != *number) {
    throw ModelError("asked for version " + std::to_string(*uri.version) + " it tells of version " +
                     std::to_string(*number));
  }
  const std::string status = textMember(*member, "status");
  if (!status.empty() && status != "READY") {
    throw ModelError("version " + std::to_string(*number) +
                     " is not ready there: " + presentable(status));
  }
  return {*number, presentable(textMember(*member, "run_id"))};
}

std::string failureText(const std::string& url, const std::string& what,
                        const std::exception& error) {
  return "the registry at '" + url + "', asked for " + what + ": " + error.what();
}

/// Hands over what `read` makes of the response, or what it throws.
template <typename Answer, typename Read>
void answerBy(Read read, const std::string& url, const std::string& what,
              const MlflowRegistry::Done<Answer>& done) {
  RegistryAnswer<Answer> answer;
  try {
    answer.answer = read();
  } catch (const std::exception& error) {
    answer.failure = failureText(url, what, error);
  }
  done(std::move(answer));
}

template <typename Answer, typename Ask>
Answer waitFor(std::chrono::milliseconds patience, Ask ask) {
  const auto promise = std::make_shared<std::promise<RegistryAnswer<Answer>>>();
  std::future<RegistryAnswer<Answer>> future = promise->get_future();
  ask([promise](RegistryAnswer<Answer> answer) { promise->set_value(std::move(answer)); });
  if (future.wait_for(patience) != std::future_status::ready) {
    throw ModelError("the registry did not answer in time");
  }
  RegistryAnswer<Answer> answer = future.get();
  if (!answer.answer) {
    throw ModelError(answer.failure);
  }
  return std::move(*answer.answer);
}

}  // namespace

void MlflowRegistry::resolve(const RegistryUri& uri, Done<RegisteredVersion> done) const {
  const std::string name = "name=" + percentEncoded(uri.model);
  const std::string path =
      uri.version ? "model-versions/get?" + name + "&version=" + std::to_string(*uri.version)
                  : "registered-models/alias?" + name + "&alias=" + percentEncoded(uri.alias);
  transport_.send(
      getRequest(url_ + "/api/2.0/mlflow/" + path, kQuestionTimeout, kMaxDescriptionBytes),
      [uri, url = url_, done = std::move(done)](const HttpResponse& response) {
        answerBy<RegisteredVersion>([&] { return readRegisteredVersion(response, uri); }, url,
                                    "'" + uri.toString() + "'", done);
      });
}

void MlflowRegistry::fetch(const std::string& model, const RegisteredVersion& version,
                           Done<RegisteredArtefact> done) const {
  const std::string base = url_ + "/model-versions/get-artifact?name=" + percentEncoded(model) +
                           "&version=" + std::to_string(version.number) + "&path=";
  const std::string what =
      "the file of '" + RegistryUri{model, "", version.number}.toString() + "'";
  // Callbacks hold no share of the transport: the last one would end it on its own thread.
  HttpTransport* const transport = &transport_;
  const auto readFile = [version, what, url = url_, done](const std::string& file,
                                                          HttpResponse& response) {
    answerBy<RegisteredArtefact>(
        [&] {
          requireAnswer(response);
          return RegisteredArtefact{version, file, std::move(response.body)};
        },
        url, what, done);
  };
  transport->send(getRequest(base + "MLmodel", kQuestionTimeout, kMaxDescriptionBytes),
                  [=, url = url_](const HttpResponse& response) {
                    std::string file;
                    try {
                      requireAnswer(response);
                      file = treesFileOf(response.body);
                    } catch (const std::exception& error) {
                      done({std::nullopt, failureText(url, what, error)});
                      return;
                    }
                    transport->send(
                        getRequest(base + percentEncoded(file), kArtefactTimeout, kMaxModelBytes),
                        [readFile, file](HttpResponse answer) { readFile(file, answer); });
                  });
}

RegisteredVersion MlflowRegistry::resolveNow(const RegistryUri& uri) const {
  return waitFor<RegisteredVersion>(
      kQuestionTimeout + kPatience,
      [&](Done<RegisteredVersion> done) { resolve(uri, std::move(done)); });
}

RegisteredArtefact MlflowRegistry::fetchNow(const std::string& model,
                                            const RegisteredVersion& version) const {
  return waitFor<RegisteredArtefact>(
      kQuestionTimeout + kArtefactTimeout + kPatience,
      [&](Done<RegisteredArtefact> done) { fetch(model, version, std::move(done)); });
}

}  // namespace auspex::operators
