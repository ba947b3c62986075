"""`python -m sandbox`: run a sandbox alone, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import trio

from sandbox.server import Sandbox, open_sandbox
from sandbox.world.seed import PASSWORD, USERNAME, seed


@click.command(epilog="Example: python -m sandbox --port 8877 --directory ./sandbox-data")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes any free port.")
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where keys and received files are kept; a temporary one if not given.",
)
@click.option("--json", "as_json", is_flag=True, help="Print where it runs as one line of JSON.")
def main(port: int, directory: Path | None, as_json: bool) -> None:
    """Run a simulated Instagram on loopback.

    It has an account to log in with, and a few people who mention it in their stories. Ctrl-C
    or SIGTERM ends it.
    """
    try:
        if directory is not None:
            trio.run(_run, port, directory, as_json)
        else:
            with TemporaryDirectory(prefix="sandbox-") as temporary:
                trio.run(_run, port, Path(temporary), as_json)
    except OSError as error:
        raise click.ClickException(f"cannot run here: {error}") from None


async def _run(port: int, directory: Path, as_json: bool) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with open_sandbox(directory, port=port) as sandbox:
            await seed(sandbox.world, directory)
            _announce(sandbox, as_json)
            async for _ in signals:
                return


def _announce(sandbox: Sandbox, as_json: bool) -> None:
    if as_json:
        facts = {
            "proxy": sandbox.proxy_url,
            "caFile": str(sandbox.ca_file),
            "username": USERNAME,
            "password": PASSWORD,
            "control": sandbox.proxy_url,
        }
        click.echo(json.dumps(facts))
        return
    mention = '{"from": "anna", "to": "studio", "kind": "photo"}'
    click.secho("A simulated Instagram is running.\n", bold=True)
    click.echo(
        f"  HTTP proxy   {sandbox.proxy_url}\n"
        f"  CA file      {sandbox.ca_file}\n"
        f"  account      {USERNAME} / {PASSWORD}\n"
        f"  look inside  {sandbox.proxy_url}/  /ledger  /posts  /world  /graph\n\n"
        "Make somebody mention the account:\n"
        f"  curl -d '{mention}' {sandbox.proxy_url}/mentions\n\n"
        "Ctrl-C ends it."
    )


if __name__ == "__main__":
    main()
