// SPDX-License-Identifier: Apache-2.0
// The types of tensors' elements, by the names and numbers that the protocols give them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace auspex::operators {

/// An element of a tensor. Bytes are strings of any length.
enum class Datatype : uint8_t {
  Bool,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Int8,
  Int16,
  Int32,
  Int64,
  Fp16,
  Fp32,
  Fp64,
  Bytes
};

/// Bytes of an element in a raw tensor; 0 for Bytes.
size_t sizeOf(Datatype datatype);

bool isFloat(Datatype datatype);

/// As the Open Inference Protocol writes it: "FP32".
std::string_view v2NameOf(Datatype datatype);
std::optional<Datatype> datatypeOfV2(std::string_view name);

/// Its number in TensorFlow's types.proto, and its name there: 1, "DT_FLOAT".
uint64_t tensorFlowNumberOf(Datatype datatype);
std::optional<Datatype> datatypeOfTensorFlow(uint64_t number);
std::optional<Datatype> datatypeOfTensorFlow(std::string_view name);

}  // namespace auspex::operators
