// SPDX-License-Identifier: Apache-2.0
// The KAFKA format: one column in the form of Kafka's own serializers.
#pragma once

#include "operators/formats/Format.h"

namespace auspex::operators {

/// INTEGER 4 and BIGINT, DOUBLE 8 bytes, big-endian; STRING as UTF-8 (malformed bytes become
/// U+FFFD); BYTES as they are.
class KafkaFormat final : public Format {
 public:
  std::string_view name() const override { return "KAFKA"; }
  void check(std::span<const SchemaColumn> columns, const FormatOptions& options) const override;
  std::unique_ptr<Decoder> makeDecoder(std::span<const SchemaColumn> columns,
                                       const std::vector<bool>& used,
                                       const FormatOptions& options) const override;
  std::unique_ptr<Encoder> makeEncoder(std::span<const SchemaColumn> columns,
                                       const FormatOptions& options) const override;
};

}  // namespace auspex::operators
