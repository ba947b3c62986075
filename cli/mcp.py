"""`reprise mcp`: the tools for agents over stdio, as a client of the running daemon."""

from __future__ import annotations

import os
from pathlib import Path

import click

from cli.failure import Failed
from daemon.settings import load_settings
from operations.scopes import PRESETS, UnknownScope, scopes_of, text_of

# VoidGram's own server is configured with the second of them.
_KEYS = ("REPRISE_API_KEY", "VOIDGRAM_API_KEY")


@click.command()
@click.option(
    "--allow",
    metavar="WHAT",
    help=f"What the agent may do: {', '.join(PRESETS)}, or scopes (docs/keys.md). Default: full.",
)
@click.option(
    "--files",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Read files only below this folder; several times. Default: your home; nothing hidden.",
)
def mcp(allow: str | None, folders: tuple[Path, ...]) -> None:
    """Serve the tools for agents over standard input and output.

    For Claude Code, Claude Desktop, Cursor, Codex and others, which start it themselves; see
    docs/agents.md. The daemon has to run. With REPRISE_API_KEY, the agent may do what that key
    may; otherwise what `--allow` says.

    \b
    Examples:  reprise mcp
               reprise mcp --allow drafts-only --files ~/Pictures
    """
    guest: dict[str, object] = {"via": "agent"}
    key = next((os.environ[name] for name in _KEYS if os.environ.get(name)), None)
    if key is not None and allow is not None:
        raise click.UsageError("--allow and a key in the environment: send one of them")
    if key is not None:
        guest["key"] = key
    else:
        guest["scopes"] = _scopes(allow)
    settings = load_settings()
    person = click.get_current_context().find_root().params.get("user")
    from cli.agent_desk import serve_stdio

    serve_stdio(settings.data_dir, guest, folders or (Path.home(),), person)


def _scopes(allow: str | None) -> str:
    if allow is None:
        return ""
    if allow in PRESETS:
        return text_of(PRESETS[allow])
    try:
        found = scopes_of(allow)
    except UnknownScope as unknown:
        raise click.UsageError(str(unknown)) from None
    if found is None:
        raise Failed("--allow names nothing: leave it out, or name a preset")
    return text_of(found)


COMMANDS = (mcp,)
