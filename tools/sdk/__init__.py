"""Writes what the clients in `sdk/` are made of: types and methods, out of the API's document.

`python -m tools.sdk` (`make docs`); a test holds the checked-in files to it.
"""

from __future__ import annotations

from pathlib import Path

from tools.sdk import python, typescript
from tools.sdk.document import Document

SDK = Path(__file__).parents[2] / "sdk"


def files() -> dict[Path, str]:
    """Return what is written, by where."""
    document = Document()
    package = SDK / "python" / "reprise_client"
    return {
        package / "models.py": python.models(document),
        package / "_methods.py": python.methods(document),
        SDK / "typescript" / "src" / "methods.ts": typescript.methods(document),
    }
