// SPDX-License-Identifier: Apache-2.0
// Headers of the records by which models are asked over topics, for those who ask and those who
// answer. Sources: mlserver/kafka of SeldonIO/MLServer, scheduler/pkg/kafka of
// SeldonIO/seldon-core.
#pragma once

#include <string_view>

namespace auspex::operators {

inline constexpr std::string_view kMlserverModelHeader = "mlserver-model";
inline constexpr std::string_view kMlserverVersionHeader = "mlserver-version";

/// Which message the value is.
inline constexpr std::string_view kSeldonTypeHeader = "seldon-infer-type";
inline constexpr std::string_view kSeldonProtobufRequest = "proto/InferModelRequest";
inline constexpr std::string_view kSeldonJsonRequest = "json/inferModelRequest";
/// Which step of a pipeline failed; the value is why, then.
inline constexpr std::string_view kSeldonErrorsHeader = "seldon-pipeline-errors";

}  // namespace auspex::operators
