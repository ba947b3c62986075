"""Writes `docs/settings.md`, `docs/commands.md` and `man/reprise.1` from what the program reads.

Run by `make docs`; a test holds the checked-in files to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from cli.manual import man_page, markdown
from daemon.settings import SECRETS, TABLE, Settings

_ROOT = Path(__file__).parents[1]
_NOTICE = "<!-- Written by `make docs`; do not edit. -->"
_SETTINGS_HEAD = """# Settings

Reprise reads the environment first, then `config.toml`, then takes the default. The file is
`~/.config/reprise/config.toml` (macOS: `~/Library/Application Support/reprise/config.toml`), or
the one that `REPRISE_CONFIG` names. What Reprise does not know is refused, so that a typing error
does not go unnoticed. `reprise check-config` shows what is in force, without secrets.

```toml
# config.toml: names in small letters, without REPRISE_
port = 3002
log_level = "debug"
proxy = "socks5://127.0.0.1:1080"
```

Settings of an account (sleep window, daily limit, approval) are not here: they are in the database,
and [account-safety.md](account-safety.md) explains them.
"""
_DERIVED = {
    "data_dir": "`$STATE_DIRECTORY` under systemd, else the platform's user data folder: "
    "`~/.local/share/reprise`, macOS: `~/Library/Application Support/reprise`"
}


def pages() -> dict[Path, str]:
    """Return each generated file's text by its path."""
    return {
        _ROOT / "docs" / "settings.md": _page(_settings()),
        _ROOT / "docs" / "commands.md": _page(markdown()),
        _ROOT / "man" / "reprise.1": man_page(),
    }


def main() -> None:
    """Write the files."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


def _page(lines: Iterator[str]) -> str:
    return "\n".join((_NOTICE, "", *lines)).rstrip() + "\n"


def _settings() -> Iterator[str]:
    defaults = {field.name: field.default for field in fields(Settings)}
    yield _SETTINGS_HEAD
    yield "| variable | in `config.toml` | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for setting in TABLE:
        default = defaults[setting.name]
        shown = _DERIVED.get(setting.name) or ("none" if default in (None, ()) else f"`{default}`")
        secret = " (never shown)" if setting.name in SECRETS else ""
        yield f"| `{setting.variable}` | `{setting.name}` | {shown} | {setting.help}{secret} |"


if __name__ == "__main__":
    main()
