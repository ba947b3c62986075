"""The option `--username`: with or without an @, and completed by the shell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from daemon.settings import SettingsError, load_settings
from storage import accounts
from storage.errors import StorageError
from storage.inspection import open_untouched

F = TypeVar("F", bound=Callable[..., Any])


class Username(click.ParamType[str]):
    """The name of a connected account."""

    name = "username"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return value.lstrip("@")

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        try:
            with open_untouched(load_settings().database) as db:
                names = [account.username for account in accounts.every(db)]
        except (SettingsError, StorageError, OSError):
            return []  # a Tab is no place for a message
        return [CompletionItem(name) for name in names if name.startswith(incomplete.lstrip("@"))]


class _UsernameOption:
    def __call__(self, function: F) -> F:
        """Add `--username`, which must be given."""
        return click.option(
            "--username", type=Username(), required=True, help="The connected account."
        )(function)

    def optional(self, text: str) -> Callable[[F], F]:
        """Add `--username`, which may be left out."""
        return click.option("--username", type=Username(), help=text)


username_option = _UsernameOption()
