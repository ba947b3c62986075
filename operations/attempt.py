"""One try of a caller to have something done: what comes beside the input and beside the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ground.refusal import ErrorCode, Refusal

_KEY = re.compile(r"[!-~]{1,255}")


@dataclass(slots=True)
class Attempt:
    """One try. Those with the same `key`, of one caller, are for one effect.

    `replayed` says then whether the answer is that of an earlier try; `warning` is a word beside
    the answer.
    """

    key: str | None = None
    replayed: bool = False
    warning: str | None = None

    def __post_init__(self) -> None:
        if self.key is not None and not _KEY.fullmatch(self.key):
            raise Refusal(
                ErrorCode.VALIDATION_ERROR,
                "An idempotency key has 1 to 255 visible ASCII characters",
            )
