// SPDX-License-Identifier: Apache-2.0
#pragma once
namespace auspex::operators::rules {
}
