// SPDX-License-Identifier: Apache-2.0
// A registry of models as bytes: what its URIs and files say, and what becomes of answers that are
// none.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "operators/models/ModelError.h"
#include "operators/models/registry/MlflowRegistry.h"
#include "operators/models/registry/MlmodelFile.h"

namespace auspex::operators {
namespace {

/// Answers at once, as told.
class AnsweringRegistry final : public HttpTransport {
 public:
  using Server = std::function<HttpResponse(const HttpRequest&)>;
  explicit AnsweringRegistry(Server server) : server_(std::move(server)) {}

  void send(HttpRequest request, std::function<void(HttpResponse)> done) override {
    requests.push_back(request);
    done(server_(request));
  }
  std::chrono::steady_clock::time_point now() const override { return {}; }
  void callAt(std::chrono::steady_clock::time_point, std::function<void()>) override {}

  std::vector<HttpRequest> requests;

 private:
  Server server_;
};

HttpResponse answerOf(std::string body, int status = 200) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

std::string failureOf(const AnsweringRegistry::Server& server, const std::string& uri) {
  AnsweringRegistry transport(server);
  try {
    const MlflowRegistry registry(transport, "http://host:5000");
    const RegistryUri parsed = parseRegistryUri(uri);
    const RegisteredVersion version = registry.resolveNow(parsed);
    registry.fetchNow(parsed.model, version);
  } catch (const ModelError& error) {
    return error.what();
  }
  return "";
}

constexpr const char* kVersion =
    R"({"model_version":{"name":"fraud","version":"7","run_id":"9af","status":"READY"}})";
constexpr const char* kMlmodel =
    "artifact_path: model\nflavors:\n  python_function:\n    data: model.pkl\n    env:\n      "
    "conda: conda.yaml\n  xgboost:\n    code: null\n    data: 'model.ubj'\n    xgb_version: "
    "3.2.0\nmodel_uuid: 1\n";

TEST_CASE("a URI names a model's alias or version, and nothing else") {
  CHECK(parseRegistryUri("mlflow://fraud@champion").alias == "champion");
  CHECK(parseRegistryUri("MLFLOW://fraud v2/12").version == 12);
  CHECK(parseRegistryUri("mlflow://fraud v2/12").toString() == "mlflow://fraud v2/12");
  CHECK(isRegistryUri("mlflow://"));
  CHECK_FALSE(isRegistryUri("fraud.json"));
  for (const char* const wrong :
       {"mlflow://", "mlflow://fraud", "mlflow://fraud@", "mlflow://@champion", "mlflow://fraud/",
        "mlflow://fraud/0", "mlflow://fraud/x", "mlflow://fraud/4294967296", "mlflow://fraud/-1",
        "mlflow://host:80/fraud/1", "mlflow://a/b/1", "mlflow://fraud@a?b", "mlflow://fra\nud/1"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(parseRegistryUri(wrong), ModelError);
  }
}

TEST_CASE("an address of a registry has a host, and no secrets") {
  CHECK(checkRegistryUrl("http://host:5000//") == "http://host:5000");
  CHECK(checkRegistryUrl("https://host/mlflow") == "https://host/mlflow");
  for (const char* const wrong :
       {"", "host:5000", "ftp://host", "http://", "http:///x", "http://user:secret@host",
        "http://host:5000?x", "http://ho st"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(checkRegistryUrl(wrong), ModelError);
  }
}

TEST_CASE("MLmodel names the file with the trees") {
  CHECK(treesFileOf(kMlmodel) == "model.ubj");
  CHECK(treesFileOf("flavors:\r\n  lightgbm:\r\n    data: model.lgb\r\n") == "model.lgb");
  CHECK_THROWS_WITH_AS(treesFileOf("flavors:\n  sklearn:\n    data: model.pkl\n"),
                       doctest::Contains("a model of sklearn;"), ModelError);
  // The data of another map, or of another flavour, are not the trees.
  CHECK_THROWS_AS(treesFileOf("xgboost:\n  data: x\nother:\n  xgboost:\n    data: x\n"),
                  ModelError);
  for (const char* const path :
       {"../x", "/etc/passwd", "a/../../x", "a//b", "", "a\\b", "./x", "a/."}) {
    CAPTURE(path);
    CHECK_THROWS_AS(treesFileOf(std::string("flavors:\n  xgboost:\n    data: ") + path + "\n"),
                    ModelError);
  }
  CHECK_THROWS_AS(treesFileOf(std::string(100, '\0')), ModelError);
}

TEST_CASE("a version is asked for by its escaped name, its file by what MLmodel says") {
  AnsweringRegistry transport([](const HttpRequest& request) {
    if (request.url.ends_with("path=MLmodel")) {
      return answerOf(kMlmodel);
    }
    return answerOf(request.url.ends_with("path=model.ubj") ? "the trees" : kVersion);
  });
  const MlflowRegistry registry(transport, "http://host:5000/prefix");
  const RegisteredVersion version = registry.resolveNow(parseRegistryUri("mlflow://a b&c@x=y"));
  CHECK(version.number == 7);
  CHECK(version.runId == "9af");
  const RegisteredArtefact artefact = registry.fetchNow("a b&c", version);
  CHECK(artefact.file == "model.ubj");
  CHECK(artefact.bytes == "the trees");
  REQUIRE(transport.requests.size() == 3);
  CHECK(
      transport.requests[0].url ==
      "http://host:5000/prefix/api/2.0/mlflow/registered-models/alias?name=a%20b%26c&alias=x%3Dy");
  CHECK(transport.requests[2].url ==
        "http://host:5000/prefix/model-versions/"
        "get-artifact?name=a%20b%26c&version=7&path=model.ubj");
  for (const HttpRequest& request : transport.requests) {
    CHECK(request.method == "GET");
    CHECK(request.maxAnswerBytes <= size_t{1} << 30);
  }
}

TEST_CASE("answers that are none are told, with the registry's own words") {
  const auto always = [](HttpResponse response) {
    return [response](const HttpRequest&) { return response; };
  };
  CHECK(failureOf(
            always(answerOf(R"({"error_code":"X","message":"Registered model alias none"})", 404)),
            "mlflow://fraud@none") ==
        "the registry at 'http://host:5000', asked for 'mlflow://fraud@none': the server answers "
        "404: Registered model alias none");
  for (const char* const body :
       {"", "{", "[]", "{}", R"({"model_version":{}})", R"({"model_version":{"version":"x"}})",
        R"({"model_version":{"version":"0"}})", R"({"model_version":{"version":"4294967297"}})",
        R"({"model_version":7})", "<html>"}) {
    CAPTURE(body);
    CHECK(failureOf(always(answerOf(body)), "mlflow://fraud@a").find("not of MLflow") !=
          std::string::npos);
  }
  CHECK(failureOf(always(answerOf(kVersion)), "mlflow://fraud/6").find("tells of version 7") !=
        std::string::npos);
  CHECK(failureOf(always(answerOf(
                      R"({"model_version":{"version":"7","status":"PENDING_REGISTRATION"}})")),
                  "mlflow://fraud@a")
            .find("not ready there: PENDING") != std::string::npos);
  for (const auto failure : {HttpResponse::Failure::NotAllowed, HttpResponse::Failure::Connect,
                             HttpResponse::Failure::Timeout, HttpResponse::Failure::TooLarge,
                             HttpResponse::Failure::Broken}) {
    HttpResponse response = answerOf("half of it");
    response.failure = failure;
    response.message = "it ended";
    CHECK(failureOf(always(response), "mlflow://fraud@a").ends_with("it ended"));
    // The same behind a description that was fine.
    CHECK(failureOf(
              [&](const HttpRequest& request) {
                return request.url.find("get-artifact") == std::string::npos ? answerOf(kVersion)
                                                                             : response;
              },
              "mlflow://fraud@a")
              .ends_with("it ended"));
  }
}

}  // namespace
}  // namespace auspex::operators
