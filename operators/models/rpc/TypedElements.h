// SPDX-License-Identifier: Apache-2.0
// Repeated numbers of protobuf messages as doubles: V2's InferTensorContents and TensorFlow's
// TensorProto both hold a tensor's elements so where they are not raw.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "operators/formats/protobuf/ProtobufWire.h"

namespace auspex::operators {

/// How a field's elements are written.
enum class ElementCoding : uint8_t { Unsigned, Signed, Fixed32, Fixed64, Half };

/// Appends the elements of one field, packed or one by one. At most `limit` are kept; returns how
/// many there were. Throws ModelError when the field is not of that coding.
size_t readElements(const WireField& field, ElementCoding coding, std::string_view type,
                    size_t limit, std::vector<double>& values);

}  // namespace auspex::operators
