"""Standard input, output and error, which whoever starts a program may have closed."""

from __future__ import annotations

import os
import sys


def open_what_is_closed() -> None:
    """Let a closed standard file be an empty one: whoever reads, writes or flushes it may.

    What is opened next would else get its number, and be what a child process reads or writes.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            file = open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123, SIM115 - for good
            os.set_inheritable(file.fileno(), True)
            setattr(sys, name, file)
