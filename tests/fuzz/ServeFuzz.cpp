// SPDX-License-Identifier: Apache-2.0
// Requests to a model server of any bytes: the decoders read or refuse, and what is read scores;
// the sessions of HTTP/1.1 and HTTP/2 answer or end, and keep nothing of what they were given.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "engine/http/ServerSession.h"
#include "engine/serving/InferService.h"
#include "operators/models/ModelLoader.h"
#include "operators/models/serving/V2Json.h"
#include "operators/models/serving/V2Protobuf.h"

using namespace auspex::engine;
using namespace auspex::operators;

namespace {

/// A forest of one leaf with two features, one of them a category by its name.
std::shared_ptr<const ModelRegistry> models() {
  constexpr std::string_view kModel =
      R"({"version":[1,7,6],"learner":{"attributes":{},"feature_names":["a","b"],)"
      R"("feature_types":["float","c"],"gradient_booster":{"name":"gbtree","model":{)"
      R"("gbtree_model_param":{"num_trees":"1","num_parallel_tree":"1"},"tree_info":[0],"trees":[{)"
      R"("base_weights":[0.5],"categories":[],"categories_nodes":[],"categories_segments":[],)"
      R"("categories_sizes":[],"default_left":[0],"id":0,"left_children":[-1],"loss_changes":[0],)"
      R"("parents":[2147483647],"right_children":[-1],"split_conditions":[0.5],)"
      R"("split_indices":[0],"split_type":[0],"sum_hessian":[1],)"
      R"("tree_param":{"num_deleted":"0","num_feature":"2","num_nodes":"1","size_leaf_vector":"0"}}]}},)"
      R"("learner_model_param":{"base_score":"5E-1","boost_from_average":"1","num_class":"0",)"
      R"("num_feature":"2","num_target":"1"},"objective":{"name":"binary:logistic",)"
      R"("reg_loss_param":{"scale_pos_weight":"1"}}}})";
  LoadOptions options{.name = "M"};
  InputDeclaration category{"b", true, {"red", "green"}, std::nullopt};
  options.inputs = {category};
  auto registry = std::make_shared<ModelRegistry>();
  registry->add(loadModelBytes(kModel, options), true);
  return registry;
}

void requireSound(bool isSound) {
  if (!isSound) {
    std::abort();
  }
}

void score(const ServedModels& served, const DecodedInfer& decoded) {
  const auto* const request = std::get_if<InferRequest>(&decoded);
  if (request == nullptr) {
    requireSound(!std::get<InferFault>(decoded).message.empty());
    return;
  }
  const auto found = served.find("m", "");
  InferBatch batch(std::get<std::shared_ptr<const RequestScorer>>(found));
  if (!batch.add(*request)) {
    batch.score();
    const InferResponse response = batch.response(0);
    requireSound(response.outputs.at(0).numRows == batch.numRows());
    requireSound(!encodeV2Json(response).body.empty());
    requireSound(!encodeV2Protobuf(response).empty());
  }
}

/// A connection of which the bytes come in two pieces.
void converse(const ServedModels& served, std::string_view bytes, size_t cut) {
  ServerLimits limits;
  limits.maxBodyBytes = 4'096;
  limits.maxHeaderBytes = 1'024;
  BufferBudget budget(8'192);
  InferService service(served, {"auspex", "0"});
  std::string answers;
  {
    cut = std::min(cut, bytes.size());
    const SessionContext context{limits, budget, service, [] {}};
    std::unique_ptr<ServerSession> session = makeSession(bytes.substr(0, cut), context);
    if (session) {
      session->receive(bytes.substr(0, cut));
      session->receive(bytes.substr(cut));
    } else if ((session = makeSession(bytes, context))) {
      session->receive(bytes);
    } else {
      return;
    }
    service.finishRound();
    session->pull(answers, size_t{1} << 20);
    service.finishRound();
    session->stop();
    session->pull(answers, size_t{1} << 20);
    requireSound(session->numArriving() <= session->numOpen());
  }
  requireSound(budget.used() == 0);
}

}  // namespace

/// The first byte chooses what reads the rest; the second the length of the JSON before raw
/// tensors, or of the first piece.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static const std::shared_ptr<const ModelRegistry> registry = models();
  static const ServedModels served(*registry);
  if (size < 2) {
    return 0;
  }
  const std::string_view rest(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  switch (bytes[0] & 3) {
    case 0:
      score(served,
            decodeV2Json(rest, bytes[1] == 0 ? std::nullopt : std::optional<size_t>(bytes[1])));
      break;
    case 1:
      score(served, decodeV2Protobuf(rest));
      decodeNamedVersion(rest);
      break;
    case 2:
      converse(served, rest, bytes[1]);
      break;
    default:
      converse(served, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(rest), 24);
      break;
  }
  return 0;
}
