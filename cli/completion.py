"""`reprise completion`: what a shell needs to complete commands, options and usernames."""

from __future__ import annotations

import click

from cli.output import json_option, print_json

_PLACES = {
    "bash": "~/.local/share/bash-completion/completions/reprise",
    "zsh": "a file called _reprise in a folder of $fpath",
    "fish": "~/.config/fish/completions/reprise.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(_PLACES)))
@json_option
@click.pass_context
def completion(ctx: click.Context, shell: str, as_json: bool) -> None:
    """Print the script for completion by a shell.

    \b
    Examples:  eval "$(reprise completion bash)"
               reprise completion bash > ~/.local/share/bash-completion/completions/reprise
               reprise completion fish > ~/.config/fish/completions/reprise.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    text = found(ctx.find_root().command, {}, "reprise", "_REPRISE_COMPLETE").source()
    if as_json:
        print_json({"shell": shell, "script": text, "place": _PLACES[shell]})
    else:
        click.echo(text)


COMMANDS = (completion,)
