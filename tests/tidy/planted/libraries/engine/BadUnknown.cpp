// SPDX-License-Identifier: Apache-2.0
#include <unheardOf/unheardOf.h>
