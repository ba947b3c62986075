"""Tell what a file is from its first bytes: names and declared types come from strangers."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

_HEAD = 512  # enough for the brands of an ISO file and the document type of an EBML one


class FileType(StrEnum):
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
        return ".jpg" if self is FileType.JPEG else f".{self.value}"


_VIDEO_MIME = {
    FileType.MP4: "video/mp4",
    FileType.MOV: "video/quicktime",
    FileType.MKV: "video/x-matroska",
    FileType.WEBM: "video/webm",
    FileType.AVI: "video/x-msvideo",
}
_MAGIC = {
    b"\xff\xd8\xff": FileType.JPEG,
    b"\x89PNG\r\n\x1a\n": FileType.PNG,
    b"GIF87a": FileType.GIF,
    b"GIF89a": FileType.GIF,
}
_RIFF = {b"WEBP": FileType.WEBP, b"AVI ": FileType.AVI}
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_OLD_QUICKTIME_BOXES = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}


def sniff(path: Path) -> FileType | None:
    """Return the type that the file's leading bytes show, or None if they show none we know."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12])
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return FileType.WEBM if b"webm" in head else FileType.MKV
    if head[4:8] == b"ftyp":
        return _iso_type(head)
    return FileType.MOV if head[4:8] in _OLD_QUICKTIME_BOXES else None


def _iso_type(head: bytes) -> FileType:
    box = head[: int.from_bytes(head[:4], "big")]
    brands = {box[8:12], *(box[at : at + 4] for at in range(16, len(box), 4))}
    # Stills first: their generic brand "mif1" stands in AVIF and in HEIC files alike.
    if brands & _AVIF_BRANDS:
        return FileType.AVIF
    if brands & _HEIC_BRANDS:
        return FileType.HEIC
    return FileType.MOV if box[8:12] == b"qt  " else FileType.MP4
