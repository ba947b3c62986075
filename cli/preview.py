"""`reprise preview`: a card from any photo or video, without a daemon, an account or a post."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
import trio
from rich.console import Console
from rich.progress import Progress

from cli.failure import Failed
from cli.output import json_option, print_json, say
from media.errors import MediaError

if TYPE_CHECKING:
    from repost.card import Card, Design
    from repost.overlay import Overlay

_TEMPLATES = ("classic", "blur", "frame", "full-bleed")
_SUFFIXES = {"photo": (".jpg", ".jpeg"), "video": (".mp4",)}


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--template", type=click.Choice(_TEMPLATES), default="classic", show_default=True)
@click.option("--author", default="username", show_default=True, help="Whose story it is.")
@click.option("--overlay", help="The signature overlay as JSON, or @FILE to read it from there.")
@click.option("--no-sticker", is_flag=True, help="As with autoTagOriginalPoster off.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the card goes, replacing what is there. [default: FILE-card.jpg or .mp4]",
)
@json_option
def preview(
    file: Path,
    template: str,
    author: str,
    overlay: str | None,
    no_sticker: bool,
    output: Path | None,
    as_json: bool,
) -> None:
    """Render the card of a photo or a video without posting it.

    \b
    Example:  reprise preview story.mp4 --template frame --author marta
              reprise preview story.jpg --overlay '{"text": "via @{username} 💛"}'

    docs/cards.md shows the templates and tells the keys of the overlay.
    """
    from repost.card import Design
    from repost.layout import Template

    design = Design(Template(template), _overlay(overlay), tagged=not no_sticker)
    card, target = _render(file, author, design, output)
    if as_json:
        sticker = card.sticker
        print_json(
            {
                "file": str(target),
                "kind": card.kind,
                "template": template,
                "width": card.size[0],
                "height": card.size[1],
                "durationSeconds": card.duration_s,
                "untouched": card.untouched,
                "sticker": None
                if no_sticker
                else {
                    "x": sticker.x,
                    "y": sticker.y,
                    "width": sticker.width,
                    "height": sticker.height,
                },
            }
        )
    else:
        note = " (the video as it is: it needs no encoding)" if card.untouched else ""
        say(f"{target}{note}")


def _overlay(given: str | None) -> Overlay | None:
    from repost.overlay import OverlayInvalid, parse_overlay

    if given is None:
        return None
    try:
        text = Path(given[1:]).read_text(encoding="utf-8-sig") if given.startswith("@") else given
        return parse_overlay(text)
    except (OverlayInvalid, OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(str(error), param_hint="--overlay") from None


def _render(file: Path, author: str, design: Design, output: Path | None) -> tuple[Card, Path]:
    """Render beside the target, and put the card there when it is whole."""
    from repost.card import compose

    folder = output.parent if output else Path()
    console = Console(stderr=True)
    try:
        with (
            TemporaryDirectory(prefix=".reprise-", dir=folder) as scratch,
            Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar,
        ):
            task = bar.add_task("Rendering", total=1.0)
            card = trio.run(
                partial(
                    compose,
                    file,
                    author=author,
                    directory=Path(scratch),
                    design=design,
                    on_progress=lambda share: bar.update(task, completed=share),
                )
            )
            target = _target(file, card.path.suffix, card.kind, output)
            card.path.replace(target)
    except MediaError as error:
        raise Failed(f"No card can be made of {file}: {error.reason}") from None
    except OSError as error:
        raise Failed(f"The card cannot be written to {folder}: {error.strerror}") from None
    return card, target


def _target(file: Path, suffix: str, kind: str, output: Path | None) -> Path:
    if output is None:
        return Path(f"{file.stem}-card{suffix}")
    if output.suffix.lower() not in _SUFFIXES[kind]:
        raise click.BadParameter(f"the card of a {kind} is a {suffix} file", param_hint="--output")
    if output.exists() and output.samefile(file):
        raise click.BadParameter("that is the file itself", param_hint="--output")
    return output


COMMANDS = (preview,)
