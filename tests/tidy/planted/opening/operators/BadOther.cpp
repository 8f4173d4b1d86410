// SPDX-License-Identifier: Apache-2.0
#include "operators/other/Other.h"
