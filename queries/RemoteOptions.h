// SPDX-License-Identifier: Apache-2.0
// The WITH clause of models that servers hold: CREATE MODEL ... WITH (DEPLOYMENT='RPC', ...), and
// 'KAFKA', through topics.
#pragma once

#include <span>
#include <string_view>

#include "operators/PredictOperator.h"
#include "operators/models/rpc/RemoteModel.h"
#include "queries/Properties.h"

namespace auspex::queries {

/// What CREATE MODEL takes; and of that, what a further version may say otherwise.
std::span<const std::string_view> remoteModelProperties();
std::span<const std::string_view> remoteVersionProperties();
std::span<const std::string_view> topicModelProperties();
std::span<const std::string_view> topicVersionProperties();

/// Reads what is given over `base`, which stands for the rest. Throws StatementError at the
/// property that is wrong, or at `statement` where one is missing.
operators::RemoteModelOptions readRemoteOptions(const Properties& properties,
                                                operators::RemoteModelOptions base,
                                                const parser::Span& statement);
/// The same through topics, whose names follow from protocol and model where none are given.
operators::RemoteModelOptions readTopicOptions(const Properties& properties,
                                               operators::RemoteModelOptions base,
                                               const parser::Span& statement);

/// What ALTER MODEL ... SET may change of a model that servers score.
std::span<const std::string_view> changeableProperties();
/// Reads those of them that are of requests over what the options say.
void readChangedOptions(const Properties& properties, operators::RemoteModelOptions& options);

/// ON_ERROR, ON_UNAVAILABLE and FALLBACK, the latter as written, over `base`. A fallback of the
/// base that no policy asks for any more is left out.
operators::FailurePolicies readFailurePolicies(const Properties& properties,
                                               operators::FailurePolicies base,
                                               const parser::Span& statement);

/// For people: "V2_HTTP host:8080 fraud:3", "MLSERVER requests -> replies fraud:3".
std::string describeRemote(const operators::RemoteModelOptions& options);
/// As statements write it.
std::string_view nameOf(operators::FailurePolicy policy);

}  // namespace auspex::queries
