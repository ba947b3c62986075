"""How commands reach the operations: the running daemon's, else the same ones in this process.

A command never touches a store that a daemon holds: it asks over the socket, and an older or
newer daemon answers as what it is. Where none runs, the command holds the directory itself.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.failure import NOT_RUNNING, Failed, Refused, only_error
from cli.output import note
from daemon import data_dir
from daemon.settings import Settings

if TYPE_CHECKING:
    import trio
    from pydantic import BaseModel

    from local.ask import Daemon
    from operations.attempt import Attempt
    from operations.models import InstagramAccount
    from operations.operation import Operation

_STARTING_S = 10.0
_AGAIN_S = 0.05
M = TypeVar("M", bound="BaseModel")


@dataclass(frozen=True, slots=True)
class _Question:
    """What is wanted of the operations, wherever they are."""

    operation: Operation
    given: BaseModel | None
    target: str
    attempt: Attempt
    hears: Callable[[str], None] | None = None


def shown(answer: BaseModel) -> dict[str, Any]:
    """Return an answer as the REST API shows it, for `--json` and for what is told of it."""
    return answer.model_dump(mode="json", by_alias=True)


def asked(model: type[M], given: dict[str, Any]) -> M:
    """Return an operation's input; wrong use when it does not have the form."""
    from pydantic import ValidationError

    from operations.misfit import misfit

    try:
        return model.model_validate(given)
    except ValidationError as invalid:
        raise click.UsageError(misfit(invalid)) from None


@contextmanager
def reached(settings: Settings, *, needs_daemon: bool = False) -> Iterator[Reach]:
    """Yield the operations of a data directory for one command.

    With `needs_daemon` it raises `Failed` where none runs, because only a daemon can go on with
    what is asked.
    """
    chosen = click.get_current_context().find_root().params
    _check_text("--user", chosen.get("user"))
    with ExitStack() as stack:
        reach = Reach(
            settings, needs_daemon, stack, chosen.get("idempotency_key"), chosen.get("user")
        )
        if reach.person is not None:
            reach.check_people_are_known()
        yield reach


@dataclass(slots=True)
class Reach:
    """The operations of one data directory, for one command. Made by `reached`."""

    settings: Settings
    _needs_daemon: bool
    _stack: ExitStack
    _key: str | None
    person: str | None
    _writes: int = 0
    _here: _Here | None = None
    _noted: bool = field(default=False)

    def perform(
        self,
        operation: Operation,
        given: BaseModel | None = None,
        target: str = "",
        *,
        hears: Callable[[str], None] | None = None,
    ) -> Any:
        """Have an operation done and return its answer; raises `Refused` and `Failed`.

        `hears` is told what one of several steps has done so far.
        """
        _check_text("The id", target)
        with _told():
            attempt = self._attempt(operation)
            if hears is not None:
                attempt.tell = _telling(hears)
            answer = self._performed(_Question(operation, given, target, attempt, hears))
        if attempt.replayed:
            note("That was done before, under the same key; nothing was done again")
        return answer

    def _attempt(self, operation: Operation) -> Attempt:
        """Return a try of it: each write of a command has a key of its own, made of the one."""
        from operations.attempt import Attempt
        from operations.operation import Kind

        if self._key is None or operation.kind is Kind.READ:
            return Attempt()
        self._writes += 1
        return Attempt(f"{self._key}/{self._writes}")

    def check_people_are_known(self) -> None:
        """Raise `Refused` where an older daemon would take any person for the owner."""
        from operations.people import list_people

        self.perform(list_people)

    def account(self, username: str) -> InstagramAccount:
        """Return the connected account of that name; raises `Failed`."""
        wanted = username.lstrip("@")
        for found in self.accounts():
            if found.username.lower() == wanted.lower():
                return found
        raise Failed(f"@{wanted} is not connected; `reprise account add --username {wanted}` first")

    def accounts(self) -> list[InstagramAccount]:
        """Return the connected accounts."""
        from operations.accounts import get_me

        found: list[InstagramAccount] = self.perform(get_me).accounts
        return found

    def tell(self) -> None:
        """Tell a person whether a daemon uses the data directory, beside what a command prints."""
        daemon = None if self._here else data_dir.running(self.settings.data_dir)
        note(f"The daemon runs at {daemon.url} (process {daemon.pid})" if daemon else NOT_RUNNING)

    def asked(self, operation: Operation, given: BaseModel | None = None) -> Any | None:
        """Return the running daemon's answer; without one None, and the command holds the
        directory from then on, to do it on the store itself. Raises `Refused` and `Failed`."""
        from operations.attempt import Attempt

        if self._here is not None:  # the directory is held already
            self._here.close()
            return None
        with _told():
            return self._of_daemon(_Question(operation, given, "", Attempt()))

    def _performed(self, question: _Question) -> Any:
        if self._here is not None:
            return self._here.perform(question)
        answer = self._of_daemon(question)
        if answer is not None:
            return answer
        self._here = _Here(self.settings, self.person)
        self._stack.callback(self._here.close)
        return self._here.perform(question)

    def _of_daemon(self, question: _Question) -> Any | None:
        """Return the daemon's answer; where none runs hold the directory, and return None."""
        from local.ask import Daemon, NotThere

        daemon = Daemon(self.settings.data_dir, self.person, hears=question.hears)
        patience = time.monotonic() + _STARTING_S
        while True:
            try:
                answer = daemon.perform(
                    question.operation, question.given, question.target, question.attempt
                )
            except NotThere:
                if not data_dir.is_held(self.settings.data_dir):
                    break
                if time.monotonic() > patience:
                    raise Failed("A daemon or a command uses the data directory") from None
                time.sleep(_AGAIN_S)  # it is just starting, or soon done
            else:
                self._tell_version(daemon)
                return answer
        if self._needs_daemon:
            raise Failed(NOT_RUNNING)
        data_dir.prepare(self.settings.data_dir)
        self._stack.enter_context(data_dir.held(self.settings.data_dir))
        return None

    def _tell_version(self, daemon: Daemon) -> None:
        from local.ask import VERSION

        if daemon.version != VERSION and not self._noted:
            self._noted = True
            note(
                f"The running daemon is Reprise {daemon.version}, this command is {VERSION}:"
                " restart the daemon"
            )


def _check_text(what: str, given: str | None) -> None:
    """Raise `UsageError` for bytes of a command line that are no text."""
    try:
        (given or "").encode()
    except UnicodeEncodeError:
        raise click.UsageError(f"{what} {given!r} is no text") from None


def _telling(hears: Callable[[str], None]) -> Callable[[str], Awaitable[None]]:
    async def tell(words: str) -> None:
        hears(words)

    return tell


@contextmanager
def _told() -> Iterator[None]:
    """Let whatever is refused be told by a command, with its code."""
    from operations.refusing import refusal_of
    from storage.errors import Unusable

    try:
        yield
    except Exception as error:
        # What cannot be used at all is told by `main`, with another code.
        if isinstance(error, Failed | Unusable) or (refused := refusal_of(error)) is None:
            raise
        raise Refused(f"{refused.message} [{refused.code}]", refused.code) from None


class _Here:
    """The operations in this process; the caller holds the data directory."""

    def __init__(self, settings: Settings, person: str | None) -> None:
        self._settings = settings
        self._person = person
        self._loop: _Loop | None = None

    def perform(self, question: _Question) -> Any:
        """Have an operation done; raises what it raises."""
        from operations.operation import Kind

        needs_online = question.operation.kind is Kind.ACT
        if self._loop is None or (needs_online and not self._loop.online):
            self.close()
            self._loop = _Loop(self._settings, self._person, online=needs_online)
        return self._loop.perform(question)

    def close(self) -> None:
        """End it; may be called again."""
        if self._loop is not None:
            self._loop.close()
            self._loop = None


class _Loop:
    """An open house on a loop in a thread of its own."""

    def __init__(self, settings: Settings, person: str | None, *, online: bool) -> None:
        import trio

        self.online = online
        self._person = person
        self._opened: Future[trio.lowlevel.TrioToken] = Future()
        self._until_closed = trio.CancelScope()
        # Done by one task: what is between aiograpi and Trio is known to the tasks below the house.
        self._send, self._receive = trio.open_memory_channel[tuple[_Question, Future[Any]]](0)
        self._thread = Thread(target=self._run, args=(settings,), name="operations")
        self._thread.start()
        self._token = self._opened.result()

    def perform(self, question: _Question) -> Any:
        """Have an operation done; raises what it raises."""
        import trio

        answer: Future[Any] = Future()
        trio.from_thread.run(self._send.send, (question, answer), trio_token=self._token)
        return answer.result()

    def close(self) -> None:
        """End the loop, and whatever is still being done on it."""
        import trio

        trio.from_thread.run_sync(self._until_closed.cancel, trio_token=self._token)
        self._thread.join()

    def _run(self, settings: Settings) -> None:
        import trio

        try:
            trio.run(self._keep_open, settings)
        except BaseException as error:  # noqa: BLE001 - raised where the command waits for it
            if not self._opened.done():
                self._opened.set_exception(_innermost(error))

    async def _keep_open(self, settings: Settings) -> None:
        import trio

        from daemon.house import open_house
        from operations.actor import Actor
        from storage import users

        async with open_house(settings, online=self.online) as (house, owner_id):
            if self._person is not None:
                owner_id = (await house.store.read(users.named, self._person)).id
            actor = Actor(user_id=owner_id, via="cli", holds_machine=True)
            self._opened.set_result(trio.lowlevel.current_trio_token())
            with self._until_closed:
                async for asked, answer in self._receive:
                    try:
                        done = await house.perform(
                            asked.operation, actor, asked.given, asked.target, asked.attempt
                        )
                        answer.set_result(done)
                    except Exception as error:  # noqa: BLE001 - raised where it was asked
                        answer.set_exception(error)


def _innermost(error: BaseException) -> BaseException:
    return only_error(error) if isinstance(error, BaseExceptionGroup) else error
