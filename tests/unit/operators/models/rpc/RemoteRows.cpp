// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/operators/models/rpc/RemoteRows.h"

namespace auspex::operators {

std::string fromHex(std::string_view digits) {
  std::string bytes;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

std::string toHex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digits;
  for (const char letter : bytes) {
    const auto byte = static_cast<unsigned char>(letter);
    digits += kDigits[byte >> 4];
    digits += kDigits[byte & 15];
  }
  return digits;
}

FeatureBatch numericBatch() {
  FeatureBatch batch;
  batch.rowIds = {10, 11};
  batch.columns.push_back({"a", std::vector<double>{1, -4}, {}});
  batch.columns.push_back({"b", std::vector<double>{2.5, 0}, {}});
  batch.columns.push_back({"c", std::vector<int64_t>{99, 7}, {0, 1}});
  return batch;
}

FeatureBatch mixedBatch() {
  FeatureBatch batch;
  batch.rowIds = {10, 11};
  batch.columns.push_back({"a", std::vector<int64_t>{5, -1}, {}});
  batch.columns.push_back({"b", std::vector<std::string>{"DE", ""}, {}});
  return batch;
}

RemoteModelOptions optionsOf(RemoteProtocol protocol) {
  RemoteModelOptions options;
  options.protocol = protocol;
  options.endpoint = "host:1";
  options.model = "fraud";
  return options;
}

RemoteSignature tensorSignature(bool isBinary) {
  RemoteSignature signature;
  signature.layout = RemoteLayout::Tensor;
  signature.inputs = {{"x", Datatype::Fp32, false}};
  signature.numFeatures = 3;
  signature.output = "score";
  signature.isBinary = isBinary;
  return signature;
}

RemoteSignature columnSignature(bool isBinary) {
  RemoteSignature signature;
  signature.layout = RemoteLayout::Columns;
  signature.inputs = {{"a", Datatype::Int64, false}, {"b", Datatype::Bytes, true}};
  signature.numFeatures = 2;
  signature.isBinary = isBinary;
  return signature;
}

HttpResponse answer(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

HttpResponse grpcReply(std::string_view message, const std::string& status,
                       const std::string& text) {
  const auto size = static_cast<uint32_t>(message.size());
  HttpResponse response =
      answer(200, std::string{'\0', static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                              static_cast<char>(size >> 8), static_cast<char>(size)} +
                      std::string(message));
  response.trailers = {{"grpc-status", status}, {"grpc-message", text}};
  return response;
}

}  // namespace auspex::operators
