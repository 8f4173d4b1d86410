// SPDX-License-Identifier: Apache-2.0
// What CREATE MODEL says held against what the server's metadata tell.
#include "operators/models/rpc/RemoteModel.h"

#include <doctest/doctest.h>

#include "operators/models/rpc/RemoteAnswer.h"
#include "tests/unit/operators/models/rpc/FakeTransport.h"
#include "tests/unit/operators/models/rpc/RemoteRows.h"

using namespace auspex::operators;

namespace {

/// Answers at once, on the caller's thread.
class InlineTransport final : public HttpTransport {
 public:
  explicit InlineTransport(std::function<HttpResponse(const HttpRequest&)> server)
      : server_(std::move(server)) {}

  void send(HttpRequest request, std::function<void(HttpResponse)> done) override {
    ++numSent;
    done(server_(request));
  }
  std::chrono::steady_clock::time_point now() const override {
    return std::chrono::steady_clock::now();
  }
  void callAt(std::chrono::steady_clock::time_point, std::function<void()>) override {}

  int numSent = 0;

 private:
  std::function<HttpResponse(const HttpRequest&)> server_;
};

RemoteModelOptions quickOptions(RemoteLayout layout) {
  RemoteModelOptions options = optionsOf(RemoteProtocol::V2Http);
  options.layout = layout;
  options.backoff = milliseconds(1);
  return options;
}

std::string metadata(const std::string& inputs, const std::string& outputs) {
  return R"({"name":"fraud","inputs":[)" + inputs + R"(],"outputs":[)" + outputs + "]}";
}

std::shared_ptr<const RemoteModel> connectTo(const std::string& body,
                                             const std::vector<InputDeclaration>& inputs,
                                             const RemoteModelOptions& options) {
  const auto transport = std::make_shared<InlineTransport>([body](const HttpRequest& request) {
    return request.url.ends_with("/v2") ? answer(200, R"({"extensions":["binary_tensor_data"]})")
                                        : answer(200, body);
  });
  return connectRemoteModel("m", 4, inputs, options, transport);
}

/// The message of the ModelError that connecting ends with; empty when it goes well.
std::string refusalOf(const std::string& body, const std::vector<InputDeclaration>& inputs,
                      const RemoteModelOptions& options) {
  try {
    connectTo(body, inputs, options);
    return "";
  } catch (const ModelError& error) {
    return error.what();
  }
}

InputDeclaration input(const std::string& name, bool isString = false) {
  InputDeclaration declaration;
  declaration.name = name;
  declaration.isString = isString;
  return declaration;
}

const std::string kOutput = R"({"name":"score","datatype":"FP32","shape":[-1,1]})";
const std::string kTensor = R"({"name":"x","datatype":"FP32","shape":[-1,2]})";
const std::string kColumns = R"({"name":"amount","datatype":"FP64","shape":[-1,1]},)"
                             R"({"name":"country","datatype":"BYTES","shape":[-1]})";

}  // namespace

TEST_CASE("One tensor: the declared inputs are its columns") {
  const auto model = connectTo(metadata(kTensor, kOutput), {input("a"), input("b")},
                               quickOptions(RemoteLayout::Tensor));
  CHECK(model->info().name == "m");
  CHECK(model->info().version == 4);
  CHECK(model->info().features.size() == 2);
  CHECK(model->info().features[1].name == "b");
  CHECK(model->info().namedFeatures);
  CHECK(model->outputsPerRow(OutputForm::Prediction) == 1);
  CHECK(model->outputsPerRow(OutputForm::Probability) == 0);
  CHECK(model->outputsPerRow(OutputForm::Contribution) == 0);
  const auto signature = model->signature();
  REQUIRE(signature != nullptr);
  CHECK(signature->isBinary);
  CHECK(signature->inputs[0].name == "x");
  CHECK(signature->inputs[0].datatype == Datatype::Fp32);
  CHECK(signature->output == "score");
}

TEST_CASE("One tensor without declarations has features without names") {
  const auto model = connectTo(metadata(kTensor, kOutput), {}, quickOptions(RemoteLayout::Tensor));
  CHECK(model->info().features.size() == 2);
  CHECK_FALSE(model->info().namedFeatures);
}

TEST_CASE("A tensor per column: names are the server's, matched ignoring case") {
  const RemoteModelOptions options = quickOptions(RemoteLayout::Columns);
  const auto model =
      connectTo(metadata(kColumns, kOutput), {input("COUNTRY", true), input("AMOUNT")}, options);
  const auto signature = model->signature();
  CHECK(signature->inputs[0].name == "country");
  CHECK(signature->inputs[0].datatype == Datatype::Bytes);
  CHECK_FALSE(signature->inputs[0].hasUnitDimension);
  CHECK(signature->inputs[1].name == "amount");
  CHECK(signature->inputs[1].hasUnitDimension);
  const auto undeclared = connectTo(metadata(kColumns, kOutput), {}, options);
  CHECK(undeclared->info().namedFeatures);
  CHECK(undeclared->info().features[0].name == "amount");
  CHECK(undeclared->info().features[1].declaredAsString == true);
}

TEST_CASE("Undeclared inputs of TensorFlow Serving come by name: its map has no order") {
  RemoteModelOptions options = quickOptions(RemoteLayout::Columns);
  options.protocol = RemoteProtocol::TfsRest;
  const auto tensor = [](const std::string& name) {
    return "\"" + name + R"(":{"dtype":"DT_FLOAT","tensor_shape":{"dim":[{"size":"-1"}]}})";
  };
  const auto model =
      connectTo(R"({"metadata":{"signature_def":{"signature_def":{)"
                R"("serving_default":{"inputs":{)" +
                    tensor("c") + "," + tensor("a") + "," + tensor("b") + R"(},"outputs":{}}}}}})",
                {}, options);
  REQUIRE(model->info().features.size() == 3);
  CHECK(model->info().features[0].name == "a");
  CHECK(model->info().features[2].name == "c");
}

TEST_CASE("A score of several numbers is an array") {
  const auto model =
      connectTo(metadata(kTensor, R"({"name":"p","datatype":"FP32","shape":[-1,3]})"), {},
                quickOptions(RemoteLayout::Tensor));
  CHECK(model->outputsPerRow(OutputForm::Prediction) == 3);
  CHECK(model->outputsPerRow(OutputForm::Value) == 3);
  CHECK(model->outputsPerRow(OutputForm::Probability) == 3);
}

TEST_CASE("A server that tells nothing leaves the declarations standing alone") {
  const auto model = connectTo(metadata("", ""), {input("a"), input("b", true)},
                               quickOptions(RemoteLayout::Columns));
  CHECK(model->signature()->inputs[0].datatype == Datatype::Fp64);
  CHECK(model->signature()->inputs[1].datatype == Datatype::Bytes);
  CHECK(model->signature()->output.empty());
  CHECK(refusalOf(metadata("", ""), {}, quickOptions(RemoteLayout::Columns))
            .starts_with("the server does not tell the model's inputs"));
}

TEST_CASE("What does not fit is told with the tensor, its type and its shape") {
  const auto tensor = [](const std::string& inputs, const std::string& outputs,
                         const std::vector<InputDeclaration>& declared,
                         const std::string& output = "") {
    RemoteModelOptions options = quickOptions(RemoteLayout::Tensor);
    options.output = output;
    return refusalOf(metadata(inputs, outputs), declared, options);
  };
  CHECK(tensor(kTensor, kOutput, {input("a")}) ==
        "the model has 1 inputs, but the server's input 'x' FP32 [-1, 2] takes 2 a row");
  CHECK(tensor(kTensor, kOutput, {input("a"), input("b", true)}) ==
        "input 'b' is a VARCHAR: only LAYOUT='COLUMNS' can send it");
  CHECK(tensor(kColumns, kOutput, {input("a")}).starts_with("the server's model has 2 inputs"));
  CHECK(tensor(R"({"name":"x","datatype":"BF16","shape":[-1,2]})", kOutput, {}) ==
        "the server's input 'x' BF16 [-1, 2] is of a type that cannot be sent");
  CHECK(tensor(R"({"name":"x","datatype":"FP32","shape":[-1,2,2]})", kOutput, {}) ==
        "the server's input 'x' FP32 [-1, 2, 2] is not of shape [rows, features]");
  CHECK(tensor(R"({"name":"x","datatype":"FP32","shape":[4,2]})", kOutput, {})
            .find("takes exactly 4 rows") != std::string::npos);
  CHECK(tensor(R"({"name":"x","datatype":"FP32","shape":[-1,-7]})", kOutput, {})
            .find("no shape of rows") != std::string::npos);
  CHECK(tensor(R"({"name":"x","datatype":"FP32","shape":[-1,99999999]})", kOutput, {})
            .find("no shape of rows") != std::string::npos);
  CHECK(tensor(kTensor, kOutput + "," + kTensor, {}).find("several outputs: 'score', 'x'") !=
        std::string::npos);
  CHECK(tensor(kTensor, kOutput + "," + kTensor, {}, "score").empty());
  CHECK(tensor(kTensor, kOutput, {}, "p") == "the server has no output 'p'. It has 'score'");
  CHECK(tensor(kTensor, R"({"name":"l","datatype":"BYTES","shape":[-1]})", {})
            .find("is not of numbers") != std::string::npos);

  const auto columns = [](const std::vector<InputDeclaration>& declared) {
    return refusalOf(metadata(kColumns, kOutput), declared, quickOptions(RemoteLayout::Columns));
  };
  CHECK(columns({input("amount"), input("country", true)}).empty());
  CHECK(columns({input("amount"), input("land", true)}) ==
        "the server has no input 'land'. It has 'amount', 'country'");
  CHECK(columns({input("amount"), input("country")}) ==
        "input 'country' is a number, but the server's input 'country' BYTES [-1] takes strings");
  CHECK(columns({input("amount")}).find("so it would be missing") != std::string::npos);
  CHECK(columns({input("amount"), input("amount"), input("country", true)}) ==
        "input 'amount' is declared twice");
}

TEST_CASE("A server that is away is told from a model that is not there, and asked again") {
  int numAsked = 0;
  const auto connect = [&](const std::function<HttpResponse()>& reply) {
    numAsked = 0;
    const auto transport = std::make_shared<InlineTransport>([&](const HttpRequest&) {
      ++numAsked;
      return reply();
    });
    connectRemoteModel("m", 1, {}, quickOptions(RemoteLayout::Tensor), transport);
  };
  CHECK_THROWS_AS(connect([] { return failure(HttpResponse::Failure::Connect); }), ServerAwayError);
  CHECK(numAsked == 3);
  CHECK_THROWS_AS(connect([] { return answer(200, "<html>"); }), ServerAwayError);
  try {
    connect([] { return answer(404, R"({"error":"no model 'fraud'"})"); });
    FAIL("no error");
  } catch (const ServerAwayError&) {
    FAIL("the server is there");
  } catch (const ModelError& error) {
    CHECK(std::string(error.what()) ==
          "the model server at 'host:1', asked by V2_HTTP for model 'fraud': the server answers "
          "404: no model 'fraud'");
  }
  CHECK(numAsked == 1);
}

TEST_CASE("Options that are wrong in themselves are refused before anything is sent") {
  const auto refused = [](const std::function<void(RemoteModelOptions&)>& change) {
    RemoteModelOptions options = quickOptions(RemoteLayout::Tensor);
    change(options);
    const auto transport =
        std::make_shared<InlineTransport>([](const HttpRequest&) { return answer(200, "{}"); });
    CHECK_THROWS_AS(connectRemoteModel("m", 1, {input("a")}, options, transport), ModelError);
    CHECK(transport->numSent == 0);
    CHECK_THROWS_AS(declareRemoteModel("m", 1, {input("a")}, 1, options, transport), ModelError);
  };
  refused([](RemoteModelOptions& options) { options.model = ""; });
  refused([](RemoteModelOptions& options) { options.label = "stable"; });
  refused([](RemoteModelOptions& options) { options.signature = "s"; });
  refused([](RemoteModelOptions& options) {
    options.protocol = RemoteProtocol::TfsGrpc;
    options.version = "1a";
  });
  refused([](RemoteModelOptions& options) {
    options.protocol = RemoteProtocol::TfsRest;
    options.version = "1";
    options.label = "stable";
  });
  for (const std::string endpoint :
       {"", "host", "http://", "http://:80", "ftp://host:1", "user@host:1", "host:1?x", "host:1#x",
        "ho st:1", "http:///x", "host:1\n"}) {
    refused([&](RemoteModelOptions& options) { options.endpoint = endpoint; });
  }
}

TEST_CASE("Endpoints and names as parts of URLs") {
  CHECK(endpointUrl("host:8080") == "http://host:8080");
  CHECK(endpointUrl("https://host/prefix/") == "https://host/prefix");
  CHECK(endpointUrl("http://[::1]:80") == "http://[::1]:80");
  CHECK(percentEncoded("a-b_c.d~1") == "a-b_c.d~1");
  CHECK(percentEncoded("a/b c\xC3\xA4?") == "a%2Fb%20c%C3%A4%3F");
}

TEST_CASE("In the shadow a version is asked once, and its failures are not those of the result") {
  const auto model = connectTo(metadata(kTensor, kOutput), {input("a"), input("b")},
                               quickOptions(RemoteLayout::Tensor));
  const auto shadow = model->shadow();
  CHECK(shadow == model->shadow());
  CHECK(shadow->info().version == model->info().version);
  CHECK(shadow->signature() == model->signature());
  CHECK(shadow->options().asksOnce);
  CHECK_FALSE(shadow->options().waitsWhenUnavailable);
  CHECK(shadow->options().timeout == model->options().timeout);
  CHECK_FALSE(model->options().asksOnce);
  shadow->health().count([](RemoteCounters& counters) { ++counters.requests; });
  CHECK(model->health().snapshot().requests == 0);
}
