"""Tell what a file is from its first bytes: names and declared types come from strangers."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

_HEAD = 512  # enough for the brands of an ISO file and the document type of an EBML one


class MediaType(StrEnum):
    """The formats that are told apart. Not all can be decoded: see `photo` and `video`."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    AVIF = "avif"
    HEIC = "heic"
    GIF = "gif"
    MP4 = "mp4"
    MOV = "mov"
    MKV = "mkv"
    WEBM = "webm"
    AVI = "avi"

    @property
    def is_photo(self) -> bool:
        return not self.is_video

    @property
    def is_video(self) -> bool:
        return self in _VIDEO_MIME

    @property
    def mime(self) -> str:
        return _VIDEO_MIME.get(self) or f"image/{self.value}"

    @property
    def suffix(self) -> str:
        return ".jpg" if self is MediaType.JPEG else f".{self.value}"


_VIDEO_MIME = {
    MediaType.MP4: "video/mp4",
    MediaType.MOV: "video/quicktime",
    MediaType.MKV: "video/x-matroska",
    MediaType.WEBM: "video/webm",
    MediaType.AVI: "video/x-msvideo",
}
_MAGIC = {
    b"\xff\xd8\xff": MediaType.JPEG,
    b"\x89PNG\r\n\x1a\n": MediaType.PNG,
    b"GIF87a": MediaType.GIF,
    b"GIF89a": MediaType.GIF,
}
_RIFF = {b"WEBP": MediaType.WEBP, b"AVI ": MediaType.AVI}
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_OLD_QUICKTIME_BOXES = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}


def sniff(path: Path) -> MediaType | None:
    """Return the type that the file's leading bytes show, or None if they show none we know."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12])
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return MediaType.WEBM if b"webm" in head else MediaType.MKV
    if head[4:8] == b"ftyp":
        return _iso_type(head)
    return MediaType.MOV if head[4:8] in _OLD_QUICKTIME_BOXES else None


def _iso_type(head: bytes) -> MediaType:
    box = head[: int.from_bytes(head[:4], "big")]
    brands = {box[8:12], *(box[at : at + 4] for at in range(16, len(box), 4))}
    # Stills first: their generic brand "mif1" stands in AVIF and in HEIC files alike.
    if brands & _AVIF_BRANDS:
        return MediaType.AVIF
    if brands & _HEIC_BRANDS:
        return MediaType.HEIC
    return MediaType.MOV if box[8:12] == b"qt  " else MediaType.MP4
