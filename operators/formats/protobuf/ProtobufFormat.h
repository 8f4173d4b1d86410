// SPDX-License-Identifier: Apache-2.0
// The PROTOBUF_NOSR format: Protocol Buffers without a schema registry.
#pragma once

#include "operators/formats/Format.h"

namespace auspex::operators {

/// Types whose field is a number, a text or bytes, without a message of its own around it.
bool isProtobufScalar(const SqlType& type);

class ProtobufFormat final : public Format {
 public:
  std::string_view name() const override { return "PROTOBUF_NOSR"; }
  void check(std::span<const SchemaColumn> columns, const FormatOptions& options) const override;
  std::unique_ptr<Decoder> makeDecoder(std::span<const SchemaColumn> columns,
                                       const std::vector<bool>& used,
                                       const FormatOptions& options) const override;
  std::unique_ptr<Encoder> makeEncoder(std::span<const SchemaColumn> columns,
                                       const FormatOptions& options) const override;
};

}  // namespace auspex::operators
