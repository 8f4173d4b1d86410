// SPDX-License-Identifier: Apache-2.0
// InferTensorContents of the Open Inference Protocol over gRPC: which of its fields holds the
// elements of a type, and how.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "operators/models/rpc/Datatype.h"
#include "operators/models/rpc/TypedElements.h"

namespace auspex::operators {

/// The field of InferTensorContents that holds a type's elements.
struct ContentsField {
  uint32_t number = 0;
  ElementCoding coding = ElementCoding::Unsigned;
};

/// FP16 has no field and travels raw: it gets that of strings, whose elements are bytes.
ContentsField contentsFieldOf(Datatype datatype);

/// The elements of a raw tensor as InferTensorContents. datatype: neither Bytes nor Fp16.
std::string contentsOfRaw(std::string_view raw, Datatype datatype);

}  // namespace auspex::operators
