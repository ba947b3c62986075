"""One try of a caller to have something done: what comes beside the input and beside the answer."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ground.refusal import ErrorCode, Refusal

_KEY = re.compile(r"[!-~]{1,255}")


async def _nobody_listens(_words: str) -> None:
    pass


@dataclass(slots=True)
class Attempt:
    """One try. Those with the same `key`, of one caller, are for one effect.

    `replayed` says then whether the answer is that of an earlier try; `warning` is a word beside
    the answer. `tell` takes what an act of several steps has done so far, for whoever waits.
    """

    key: str | None = None
    replayed: bool = False
    warning: str | None = None
    tell: Callable[[str], Awaitable[None]] = field(default=_nobody_listens, compare=False)

    def __post_init__(self) -> None:
        if self.key is not None and not _KEY.fullmatch(self.key):
            raise Refusal(
                ErrorCode.VALIDATION_ERROR,
                "An idempotency key has 1 to 255 visible ASCII characters",
            )
