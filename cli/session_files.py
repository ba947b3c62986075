"""`reprise account import-session` and `export-session`: sessions from and for elsewhere."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from cli.failure import Failed
from cli.login_desk import secret, tell
from cli.output import json_option, print_json, say
from cli.reach import asked, reached, shown
from cli.usernames import username_option
from daemon.settings import load_settings
from instagram.private.session_file import MAX_BYTES, session_of_cookie, session_of_settings
from operations import logins, models


@click.command("import-session")
@username_option
@click.option("--sessionid-stdin", is_flag=True, help="Read a browser's sessionid from stdin.")
@click.argument("file", type=click.File("rb"), required=False)
@json_option
def import_session(username: str, sessionid_stdin: bool, file: Any, as_json: bool) -> None:
    """Take over a session made elsewhere: a settings FILE of aiograpi (- is stdin), or a cookie.

    \b
    Examples:  reprise account import-session --username my_studio session.json
               reprise account import-session --username my_studio --sessionid-stdin < cookie.txt

    Nothing is kept unless Instagram shows that the session works and is this account's.
    """
    if sessionid_stdin == (file is not None):
        raise click.UsageError("Give either FILE or --sessionid-stdin")
    sent: dict[str, Any]
    try:
        if file is None:
            cookie = secret("sessionid", True)
            session_of_cookie(cookie)
            sent = {"sessionid": cookie}
        else:
            sent = {"settings": session_of_settings(file.read(MAX_BYTES + 1))}
    except ValueError as error:
        raise click.UsageError(f"The session cannot be used: {error}") from None
    with reached(load_settings()) as reach:
        wanted = {"account_id": reach.account(username).id, **sent}
        result = shown(reach.perform(logins.import_session, asked(models.ImportRequest, wanted)))
    tell(result, username, as_json)


@click.command("export-session")
@username_option
@click.option(
    "--output", required=True, type=click.Path(dir_okay=False), help="A new file, or - for stdout."
)
@json_option
def export_session(username: str, output: str, as_json: bool) -> None:
    """Write an account's session as a settings file of aiograpi, readable by you alone.

    \b
    Example:  reprise account export-session --username my_studio --output session.json

    Whoever has the file is logged in as the account. Two programs with one session look like a
    stolen one: use it elsewhere, or here, not both.
    """
    with reached(load_settings()) as reach:
        saved = reach.perform(logins.export_session, target=reach.account(username).id)
    text = json.dumps(saved.settings, indent=2) + "\n"
    if output == "-":
        click.echo(text, nl=False)
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Failed(f"{output} exists already; choose another name") from None
    except OSError as error:
        raise Failed(f"{output} cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    if as_json:
        print_json({"output": str(Path(output).absolute()), "username": saved.username})
    else:
        say(f"Wrote the session of @{saved.username} to {output}")


COMMANDS = (import_session, export_session)
