"""The README as a newcomer uses it: the shell lines of its code blocks, in order."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.support.process import ROOT

_FENCED = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_MAKE = re.compile(r"\bmake ((?:[a-z]+ ?)+)(?=`|\n| +#)")
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


@dataclass(frozen=True, slots=True)
class Readme:
    """What the README says to type, and where it leads."""

    blocks: tuple[str, ...]
    links: tuple[str, ...]
    targets: tuple[str, ...]


def read() -> Readme:
    """Return the README's shell blocks and its links, as they are printed."""
    text = (ROOT / "README.md").read_text()
    targets = {word for words in _MAKE.findall(text) for word in words.split() if word.islower()}
    return Readme(tuple(_FENCED.findall(text)), tuple(_LINK.findall(text)), tuple(sorted(targets)))
