"""PNG as editors write it: what is said beside the pixels never spoils them.

Pillow refuses a photo for a profile or a note that is large, damaged or in a form of its own. Every
browser shows it: chunks whose name begins with a small letter are not needed for the pixels.
"""

from __future__ import annotations

import struct

from PIL import ImageFile, PngImagePlugin

_LARGEST_NOTE = 4 * 1024 * 1024  # unpacked; a display's profile may take more than a megabyte
_BESIDE = 0x20  # the bit of a small letter
_FRAMES = (b"acTL", b"fcTL", b"fdAT")  # small letters too, and pixels all the same


class _Lenient(PngImagePlugin.PngStream):
    """Pillow's reader of chunks, which passes over what cannot be read and is not needed."""

    def call(self, cid: bytes, pos: int, length: int) -> bytes:
        assert self.fp is not None
        begin = self.fp.tell()
        try:
            return super().call(cid, pos, length)
        except (ValueError, SyntaxError, LookupError, struct.error):
            if not _is_beside(cid):
                raise
        self.fp.seek(begin)
        return ImageFile._safe_read(self.fp, length)

    def crc(self, cid: bytes, data: bytes) -> None:
        if _is_beside(cid):
            self.crc_skip(cid, data)
        else:
            super().crc(cid, data)


def _is_beside(cid: bytes) -> bool:
    return bool(cid[0] & _BESIDE) and cid not in _FRAMES


def be_lenient() -> None:
    """Let Pillow read PNG so from now on, in the whole process."""
    PngImagePlugin.PngStream = _Lenient  # type: ignore[misc]
    PngImagePlugin.MAX_TEXT_CHUNK = _LARGEST_NOTE
