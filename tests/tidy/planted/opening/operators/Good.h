// SPDX-License-Identifier: Apache-2.0
// Does a thing.
#pragma once
