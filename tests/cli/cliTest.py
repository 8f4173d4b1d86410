# SPDX-License-Identifier: Apache-2.0
"""All cases of the command line, for suite 20-cli."""
# pylint: disable=unused-wildcard-import,wildcard-import
import suiteMain
from connectorsTest import *
from deploymentsTest import *
from modelTest import *
from pullTest import *
from registryTest import *
from runTest import *
from shellTest import *
from stateDiskTest import *
from testCommandTest import *
from topicsTest import *

if __name__ == "__main__":
    suiteMain.main()
