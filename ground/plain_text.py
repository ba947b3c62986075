"""Text from elsewhere, made harmless for who reads it line by line: logs, terminals, status lines.

Control characters move a terminal's cursor, line breaks forge log lines, and marks of direction
make a line read as something else; none of them is printable.
"""

from __future__ import annotations

import json
import re

_LONGEST_NAME = 255
_JSON_LETTERS = re.compile(r"[^\n -~]")


def plain(text: str) -> str:
    """Return the text as one line without anything a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else " " for letter in text)


def escaped(text: str, keep: str = "") -> str:
    """Return the text with what is not printable written out (`\\n`, `\\x1b`, `\\u202e`).

    The characters of `keep` stay.
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in keep else _written_out(letter)
        for letter in text
    )


def _written_out(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


def file_name(text: str) -> str:
    """Return what a file is called, for showing: without folders, in letters alone, not too long.

    Nothing on a disk is ever named by it. A disk keeps names as bytes, and those that are no text
    as half letters.
    """
    name = text.encode(errors="replace").decode().replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in name if letter.isprintable())[:_LONGEST_NAME] or "upload"


def json_text(value: object, indent: int | None = None) -> str:
    """Return the value as JSON that is readable, harmless, and means the same."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return text if text.isprintable() else _JSON_LETTERS.sub(_in_json, text)


def _in_json(match: re.Match[str]) -> str:
    letter = match.group()
    return letter if letter.isprintable() else json.dumps(letter)[1:-1]
