"""The `reprise` command."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

import click

from cli.failure import Failed
from cli.output import say
from cli.sections import Sections
from cli.standard_files import open_what_is_closed
from daemon.settings import SettingsError
from storage.errors import StorageError, Unusable


@click.group(cls=Sections, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="reprise", prog_name="reprise")
@click.option(
    "--idempotency-key",
    metavar="KEY",
    hidden=True,
    help="Do what the command does once, however often it is given with this key.",
)
@click.option("--user", metavar="NAME", hidden=True, help="On behalf of the person of that name.")
def cli(idempotency_key: str | None, user: str | None) -> None:
    """Reposts the stories that mention your Instagram account, and publishes on schedule.

    \b
    Try it without an account:   reprise demo
    First steps with your own:   reprise account add --username you
                                 reprise account login --username you
                                 reprise run
    When something is wrong:     reprise doctor
    """


def main() -> None:
    """Run the command; ends with 0, 1 (failed) or 2 (wrong use).

    Whatever goes wrong is one line on standard error, never a traceback: with
    REPRISE_LOG_LEVEL=debug, a bug shows where it is.
    """
    open_what_is_closed()
    try:
        code = cli.main(prog_name="reprise", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = 2
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "reprise"
        code = _fail(2, f"{error.format_message()} (see `{command} --help`)")
    except click.ClickException as error:
        code = _fail(1, error.format_message())
    except click.exceptions.Abort:
        code = 1
    except (SettingsError, Unusable) as error:
        code = _fail(2, error)
    except (Failed, StorageError) as error:
        code = _fail(1, error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        code = _fail(1, f"{where}{error.strerror or error}")
    except Exception as error:  # noqa: BLE001 - the last line before Python's own traceback
        if isinstance(error, TypeError | UnicodeEncodeError) and (odd := _no_text(sys.argv)):
            sys.exit(_fail(2, f"{odd} is no text in UTF-8"))
        from daemon.logs import redact

        if os.environ.get("REPRISE_LOG_LEVEL") == "debug":
            say(*redact(traceback.format_exc()).split("\n"), err=True)
        code = _fail(1, f"This is a bug in Reprise: {type(error).__name__}: {redact(str(error))}")
    # A command that returns nothing did what it was asked.
    sys.exit(code if isinstance(code, int) else 0)


def _no_text(words: list[str]) -> str | None:
    """Return the first word that is no text, for showing: only a file may be called so."""
    odd = (each for each in words if "\ufffd" in _as_text(each) and not Path(each).exists())
    return next(map(_as_text, odd), None)


def _as_text(word: str) -> str:
    return os.fsencode(word).decode(errors="replace")


def _fail(code: int, message: object) -> int:
    say(f"reprise: {' '.join(str(message).split())}", err=True)
    return code
