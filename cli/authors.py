"""`reprise author`: whose mentions go out without asking, and whose never."""

from __future__ import annotations

import click

from cli.output import json_option, print_json, say
from cli.reach import asked, reached, shown
from cli.usernames import Username, username_option
from daemon.settings import load_settings

_DONE = {
    "never": "Nothing of @{name} is reposted",
    "always": "What @{name} shows of you goes out without asking",
    "ask": "Each story of @{name} is decided about by itself",
}


@click.command()
@click.argument("name", type=Username(), metavar="NAME")
@click.argument("rule", type=click.Choice(list(_DONE)))
@username_option
@json_option
def author(name: str, rule: str, username: str, as_json: bool) -> None:
    """Repost the mentions of one person never, always without asking, or as you decide.

    \b
    Examples:  reprise author lena.morgen always --username my_studio
               reprise author spam.one never --username my_studio

    It holds at once: never skips what is open of theirs, always approves what waits. What was
    meant for few is asked about all the same.
    """
    from operations import author_rules, models

    with reached(load_settings()) as reach:
        account_id = reach.account(username).id
        wanted = {"account_id": account_id, "username": name, "rule": rule}
        answer = reach.perform(author_rules.rule_author, asked(models.AuthorRuling, wanted))
    if as_json:
        print_json(shown(answer))
        return
    say(_DONE[rule].format(name=answer.username))
    done = "Skipped" if rule == "never" else "Approved"
    for item in answer.decided:
        say(f"{done} {item.id}")
    for each in answer.refused:
        say(f"Not done for {each.id}: {each.reason}")


COMMANDS = (author,)
