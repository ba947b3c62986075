"""Writes the files."""

from __future__ import annotations

from tools.sdk import files

for path, text in files().items():
    path.write_text(text)
