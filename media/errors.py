"""What can be wrong with a file, in words that a person can be shown."""

from __future__ import annotations


class MediaError(Exception):
    """A file cannot be used; `reason` says why in plain words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MediaInvalid(MediaError):
    """The bytes cannot be decoded: truncated, damaged, or of an unsupported format."""


class Unsupported(MediaInvalid):
    """The file is of a kind that is not taken at all."""


class VideoInvalid(MediaInvalid):
    """The file says it is a video, and cannot be decoded as one."""


class MediaTooLarge(MediaError):
    """The pixels, the bytes or the duration are over a bound."""


class RenderFailed(MediaError):
    """The renderer crashed, or ran out of memory or time: the file may be fine."""


# Every way in which a file cannot be used, for what decides by it.
AnyMediaError = MediaInvalid | Unsupported | VideoInvalid | MediaTooLarge | RenderFailed
