// SPDX-License-Identifier: Apache-2.0
#include "operators/models/ModelLoader.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "operators/data/Checksum.h"
#include "operators/models/ModelError.h"
#include "operators/models/forest/ForestModel.h"
#include "operators/models/forest/JsonReader.h"
#include "operators/models/forest/LightgbmReader.h"
#include "operators/models/forest/LinearModel.h"
#include "operators/models/forest/UbjsonReader.h"
#include "operators/models/forest/WideForestModel.h"
#include "operators/models/forest/XgboostReader.h"

namespace auspex::operators {

namespace {

constexpr const char* kConvert =
    "Load it with the XGBoost version that wrote it and save it again: "
    "python3 -c \"import xgboost; b = xgboost.Booster(); b.load_model('OLD'); "
    "b.save_model('NEW.ubj')\"";

bool isSpace(char letter) {
  return letter == ' ' || letter == '\n' || letter == '\r' || letter == '\t';
}

/// Both encodings start with '{'; in JSON a quote or the end follows, in UBJSON a length's marker.
std::unique_ptr<DocumentReader> makeReader(std::string_view bytes) {
  if (bytes.empty()) {
    throw ModelError("the model file is empty");
  }
  if (bytes.starts_with("binf") || bytes.starts_with("bs64")) {
    throw ModelError(std::string("the model is in XGBoost's old binary format. ") + kConvert);
  }
  size_t start = 0;
  while (start < bytes.size() && isSpace(bytes[start])) {
    ++start;
  }
  if (start < bytes.size() && bytes[start] == '{') {
    const std::string_view rest = bytes.substr(start + 1);
    const char mark = rest.empty() ? '\0' : rest.front();
    if (rest.empty() || mark == '"' || mark == '}' || isSpace(mark)) {
      return std::make_unique<JsonReader>(bytes);
    }
    return std::make_unique<UbjsonReader>(bytes);
  }
  throw ModelError(std::string("the file is neither XGBoost JSON nor UBJSON nor a LightGBM text "
                               "model. If it is in the old "
                               "binary format: ") +
                   kConvert);
}

/// What the statement and the bytes as a whole say of the model.
void complete(std::string_view bytes, const LoadOptions& options, ModelInfo& info) {
  applyInputContract(options.inputs, info);
  info.name = options.name;
  info.version = options.version;
  info.missing = options.missing;
  info.checksum = sha256Hex(bytes);
  info.sizeBytes = bytes.size();
}

}  // namespace

std::shared_ptr<const ModelVersion> loadModelBytes(std::string_view bytes,
                                                   const LoadOptions& options) {
  if (bytes.size() > kMaxModelBytes) {
    throw ModelError("the model has " + std::to_string(bytes.size()) + " bytes, more than " +
                     std::to_string(kMaxModelBytes));
  }
  const RoundChoice rounds{options.firstRound, options.endRound, options.useBestIteration};
  if (isLightgbmText(bytes)) {
    LightgbmModel model = readLightgbmModel(bytes, rounds);
    complete(bytes, options, model.info);
    return std::make_shared<const WideForestModel>(std::move(model));
  }
  const std::unique_ptr<DocumentReader> reader = makeReader(bytes);
  XgboostModel model = readXgboostModel(*reader, rounds);
  complete(bytes, options, model.info);
  if (model.isLinear) {
    return std::make_shared<const LinearModel>(std::move(model.info), model.objective,
                                               std::move(model.forest.baseMargins),
                                               std::move(model.linearWeights));
  }
  return std::make_shared<const ForestModel>(std::move(model.info), model.objective,
                                             std::move(model.forest), options.instructions);
}

std::string readModelFile(const std::string& path) {
  if (std::filesystem::is_directory(path)) {
    throw ModelError("cannot read '" + path + "': it is a directory");
  }
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : -1;
  if (size < 0) {
    throw ModelError("cannot read '" + path + "': " + std::generic_category().message(errno));
  }
  if (static_cast<uint64_t>(size) > kMaxModelBytes) {
    throw ModelError("'" + path + "' has " + std::to_string(size) + " bytes, more than " +
                     std::to_string(kMaxModelBytes));
  }
  std::string bytes(static_cast<size_t>(size), '\0');
  file.seekg(0);
  file.read(bytes.data(), size);
  if (file.gcount() != size) {
    throw ModelError("cannot read '" + path + "': " + std::generic_category().message(errno));
  }
  return bytes;
}

std::shared_ptr<const ModelVersion> loadModel(const std::string& path, const LoadOptions& options) {
  return loadModelBytes(readModelFile(path), options);
}

}  // namespace auspex::operators
