// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/Datatype.h"

#include <array>

namespace auspex::operators {

namespace {

struct DatatypeRow {
  Datatype datatype;
  size_t sizeBytes;
  std::string_view v2;
  uint64_t tensorFlowNumber;
  std::string_view tensorFlow;
};

/// In the order of the enumeration.
constexpr std::array kDatatypes = {
    DatatypeRow{Datatype::Bool, 1, "BOOL", 10, "DT_BOOL"},
    DatatypeRow{Datatype::Uint8, 1, "UINT8", 4, "DT_UINT8"},
    DatatypeRow{Datatype::Uint16, 2, "UINT16", 17, "DT_UINT16"},
    DatatypeRow{Datatype::Uint32, 4, "UINT32", 22, "DT_UINT32"},
    DatatypeRow{Datatype::Uint64, 8, "UINT64", 23, "DT_UINT64"},
    DatatypeRow{Datatype::Int8, 1, "INT8", 6, "DT_INT8"},
    DatatypeRow{Datatype::Int16, 2, "INT16", 5, "DT_INT16"},
    DatatypeRow{Datatype::Int32, 4, "INT32", 3, "DT_INT32"},
    DatatypeRow{Datatype::Int64, 8, "INT64", 9, "DT_INT64"},
    DatatypeRow{Datatype::Fp16, 2, "FP16", 19, "DT_HALF"},
    DatatypeRow{Datatype::Fp32, 4, "FP32", 1, "DT_FLOAT"},
    DatatypeRow{Datatype::Fp64, 8, "FP64", 2, "DT_DOUBLE"},
    DatatypeRow{Datatype::Bytes, 0, "BYTES", 7, "DT_STRING"},
};

const DatatypeRow& rowOf(Datatype datatype) {
  return kDatatypes.at(static_cast<size_t>(datatype));
}

template <typename Matches>
std::optional<Datatype> findDatatype(const Matches& matches) {
  for (const DatatypeRow& row : kDatatypes) {
    if (matches(row)) {
      return row.datatype;
    }
  }
  return std::nullopt;
}

}  // namespace

size_t sizeOf(Datatype datatype) {
  return rowOf(datatype).sizeBytes;
}

bool isFloat(Datatype datatype) {
  return datatype == Datatype::Fp16 || datatype == Datatype::Fp32 || datatype == Datatype::Fp64;
}

std::string_view v2NameOf(Datatype datatype) {
  return rowOf(datatype).v2;
}

std::optional<Datatype> datatypeOfV2(std::string_view name) {
  return findDatatype([&](const DatatypeRow& row) { return row.v2 == name; });
}

uint64_t tensorFlowNumberOf(Datatype datatype) {
  return rowOf(datatype).tensorFlowNumber;
}

std::optional<Datatype> datatypeOfTensorFlow(uint64_t number) {
  return findDatatype([&](const DatatypeRow& row) { return row.tensorFlowNumber == number; });
}

std::optional<Datatype> datatypeOfTensorFlow(std::string_view name) {
  return findDatatype([&](const DatatypeRow& row) { return row.tensorFlow == name; });
}

}  // namespace auspex::operators
