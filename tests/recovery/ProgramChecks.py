# SPDX-License-Identifier: Apache-2.0
"""What checks of outputs share."""
import collections


def differences(what, expected, found):
    """Rows that are missing or too many, both as multisets."""
    expected, found = collections.Counter(expected), collections.Counter(found)
    missing, more = expected - found, found - expected
    return [f"{what}: {rows.total()} {kind}, such as {next(iter(rows))}"
            for kind, rows in (("lost", missing), ("too many", more)) if rows]
