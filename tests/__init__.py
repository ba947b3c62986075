"""The suite. Before anything else: the processes that it starts keep what they compile.

With `PYTHONDONTWRITEBYTECODE` set, each daemon and command would compile the project anew, which
takes longer than most of what it is started for.
"""

import os
import sys

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
