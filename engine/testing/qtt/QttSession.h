// SPDX-License-Identifier: Apache-2.0
// Cases of ksqlDB's tests of its server, as far as they need none: statements, then queries, each
// with its rows.
#pragma once

#include <optional>
#include <string>

#include "engine/testing/qtt/QttCase.h"

namespace auspex::engine {

/// Whether the case is one of those: it expects responses, an error of a request, or has statements
/// but no query.
bool isSession(const QttCase& test);

/// Runs it; why it fails, or nothing. Source: dialect, REST tests.
std::optional<std::string> runQttSession(const QttCase& test, bool printed);

}  // namespace auspex::engine
