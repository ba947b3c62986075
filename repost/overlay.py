"""The user's own line on a card: the contract's `signatureOverlay`, a JSON text of these keys."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from media.typefaces import undrawable, unshaped
from repost.layout import SMALLEST_TEXT

Place = Literal[
    "top-left", "top", "top-right",
    "left", "center", "right",
    "bottom-left", "bottom", "bottom-right",
]  # fmt: skip
MAX_TEXT, MAX_LINES = 200, 4
LARGEST_TEXT = 160
_TEXT_SIZES = f"small, medium, large, or {SMALLEST_TEXT} to {LARGEST_TEXT} pixels"
_SIZES = {"small": 36, "medium": 48, "large": 72}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class OverlayInvalid(ValueError):
    """The text is no overlay; the message names the key and what is wrong with it."""


class Point(BaseModel):
    """The centre of the text in shares of the canvas: 0 is left and top, 1 right and bottom."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    x: float = Field(ge=0, le=1)
    y: float = Field(ge=0, le=1)


class Overlay(BaseModel):
    """What to write on each card, and how. `{username}` in the text is the story's author."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    position: Place | Point = "bottom"
    size: Literal["small", "medium", "large"] | int = "medium"
    color: str = "#ffffff"
    font: Literal["sans", "serif", "mono", "script"] = "sans"
    shadow: bool = True

    @property
    def pixels(self) -> int:
        """The size of the letters on a canvas of 1080 x 1920."""
        return self.size if isinstance(self.size, int) else _SIZES[self.size]

    @property
    def rgba(self) -> tuple[int, int, int, int]:
        from PIL import ImageColor  # most processes show settings and draw nothing

        red, green, blue, alpha = ImageColor.getcolor(self.color, "RGBA")  # type: ignore[misc]
        return red, green, blue, alpha

    def text_for(self, username: str) -> str:
        """Return the text with the author's name in it."""
        return self.text.replace("{username}", username)

    @field_validator("text")
    @classmethod
    def _is_writable(cls, text: str) -> str:
        text = "\n".join(" ".join(line.split()) for line in text.strip().splitlines())
        if not text:
            raise ValueError("is empty")
        if len(text) > MAX_TEXT or text.count("\n") >= MAX_LINES:
            raise ValueError(f"takes {MAX_TEXT} characters in {MAX_LINES} lines at most")
        for name in _PLACEHOLDER.findall(text):
            if name != "username":
                raise ValueError(f"has an unknown placeholder {{{name}}}; there is {{username}}")
        if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") for character in text
               if character != "\n"):  # fmt: skip
            raise ValueError("has characters that cannot be printed")
        return text

    @field_validator("size")
    @classmethod
    def _is_legible(cls, size: str | int) -> str | int:
        if isinstance(size, int) and not SMALLEST_TEXT <= size <= LARGEST_TEXT:
            raise ValueError(
                f"takes small, medium, large, or {SMALLEST_TEXT} to {LARGEST_TEXT} pixels"
            )
        return size

    @field_validator("color")
    @classmethod
    def _is_colour(cls, color: str) -> str:
        from PIL import ImageColor

        try:
            ImageColor.getrgb(color)
        except ValueError:
            raise ValueError("takes a colour such as #ffcc00, #ffcc0080 or gold") from None
        return color


def read_overlay(text: str) -> Overlay:
    """Read an overlay from JSON; raises `OverlayInvalid`."""
    try:
        return Overlay.model_validate_json(text)
    except ValidationError as error:
        raise OverlayInvalid(_told(error)) from None


def parse_overlay(text: str) -> Overlay:
    """Read an overlay like `read_overlay`, and see that there are fonts for all of its letters.

    Blocks: the fonts are read.
    """
    overlay = read_overlay(text)
    if missing := undrawable(overlay.text, overlay.font):
        raise OverlayInvalid(f"text: there is no font here for {' '.join(missing[:5])}")
    if unshaped(overlay.text):
        raise OverlayInvalid(
            "text: Arabic letters can only be joined with libfribidi, which this machine lacks; "
            "install it (apt install libfribidi0, or brew install fribidi) and start again"
        )
    return overlay


def _told(error: ValidationError) -> str:
    """Say in words which key is wrong and how."""
    # A key that is misspelt is missing as well; the spelling is what helps.
    found = error.errors(include_url=False)
    first = min(found, key=lambda each: each["type"] == "missing")
    key = str(first["loc"][0]) if first["loc"] else ""
    match first["type"]:
        case "json_invalid":
            return 'it is no JSON, such as {"text": "via @{username}"}'
        case "model_type" | "dict_type" if not key:
            return 'it is no JSON object, such as {"text": "via @{username}"}'
        case "extra_forbidden" if len(first["loc"]) == 1:
            return f"{key}: there is no such key; there are {', '.join(Overlay.model_fields)}"
        case "missing" if len(first["loc"]) == 1:
            return f"{key}: it is missing"
    if key == "position":
        return (
            'position: takes top, bottom-right and the like, or {"x": 0.5, "y": 0.8} with '
            "numbers from 0 to 1"
        )
    if key == "size":
        return f"size: takes {_TEXT_SIZES}"
    return f"{key}: {first['msg'].removeprefix('Value error, ')}"
