"""A write under a key is done once, however often it is asked for.

The key's row is in the effect's own transaction: either both are there after a crash, or neither.
An act that waits for Instagram keeps its answer in the transaction that ends it (`Ask.done`), else
right after; one that was cut off before that is simply done again, which all of them allow for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import trio
from pydantic import BaseModel

from ground.refusal import ErrorCode, Refusal
from operations.actor import Actor
from operations.attempt import Attempt
from operations.media import UploadedFile
from operations.operation import Operation
from operations.refusing import refusal_of
from storage import idempotency
from storage.errors import Unusable
from storage.store import Database, part
from storage.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

_RETRY_AFTER_S = 1
_PIECE = 1024 * 1024
# What may be otherwise a moment later, or was never begun: the next try is a try of its own.
FOR_NOW = frozenset(
    {
        ErrorCode.VALIDATION_ERROR,
        ErrorCode.AUTH_REQUIRED,
        ErrorCode.AUTH_INVALID_KEY,
        ErrorCode.TOKEN_INVALID,
        ErrorCode.TOKEN_EXPIRED,
        ErrorCode.LOGIN_FAILED,
        ErrorCode.TWO_FACTOR_REQUIRED,
        ErrorCode.INVALID_CODE,
        ErrorCode.COOKIE_AUTH_REQUIRED,
        ErrorCode.INSUFFICIENT_SCOPE,
        ErrorCode.FORBIDDEN_ORIGIN,
        ErrorCode.RATE_LIMITED,
        ErrorCode.LOGIN_RATE_LIMITED,
        ErrorCode.INTERNAL_ERROR,
        ErrorCode.WORKER_UNREACHABLE,
        ErrorCode.SERVICE_UNAVAILABLE,
        ErrorCode.IDEMPOTENCY_MISMATCH,
        ErrorCode.IDEMPOTENCY_IN_FLIGHT,
    }
)


@dataclass(slots=True)
class Once:
    """What one caller asks for under one key. Made by `once_for`."""

    operation: Operation
    attempt: Attempt
    vault: Vault
    user_id: str
    caller: str
    key: str
    fingerprint: str
    at: datetime
    is_kept: bool = False

    def within(self, db: Database, run: Callable[[Database], BaseModel]) -> BaseModel | Refusal:
        """Return the kept answer or refusal, else that of `run`, which is kept with its effect."""
        if (kept := self.found(db)) is not None:
            return kept
        try:
            with part(db):
                answer = run(db)
        except Exception as error:
            if (refused := self.refusal(error)) is None:
                raise
            self.keep_refusal(db, refused)
            return refused
        return self.keep(db, answer)

    def found(self, db: Database) -> BaseModel | Refusal | None:
        """Return what is kept under the key, None when nothing is.

        Raises `Refusal` where it was for something else.
        """
        try:
            said = idempotency.find(db, self.vault, self.caller, self.key)
        except Unusable:
            raise Refusal(
                ErrorCode.IDEMPOTENCY_MISMATCH,
                "This idempotency key was used, and what came of it can no longer be read: look "
                "whether it was done, and use a new key",
            ) from None
        if said is None:
            return None
        kept = orjson.loads(said)
        if kept["fingerprint"] != self.fingerprint:
            raise mismatch()
        self.attempt.replayed = True
        if (refused := kept.get("refused")) is not None:
            return Refusal(ErrorCode(refused["code"]), refused["message"])
        return self.operation.gives.model_validate(kept["answer"])

    def keep(self, db: Database, answer: BaseModel) -> BaseModel:
        """Keep the answer, in the transaction of its effect; returns it."""
        self._keep(db, {"answer": _plain(answer)})
        return answer

    def amend(self, db: Database, answer: BaseModel) -> None:
        """Let the answer that was kept say what has become known since."""
        said = {"fingerprint": self.fingerprint, "answer": _plain(answer)}
        idempotency.amend(db, self.vault, self.caller, self.key, orjson.dumps(said).decode())

    def refusal(self, error: Exception) -> Refusal | None:
        """Return the refusal that a failure is, where it is one that is kept."""
        refused = refusal_of(error)
        return None if refused is None or refused.code in FOR_NOW else refused

    def keep_refusal(self, db: Database, refused: Refusal) -> None:
        """Keep that it was refused."""
        self._keep(db, {"refused": {"code": refused.code, "message": refused.message}})

    def _keep(self, db: Database, said: dict[str, Any]) -> None:
        idempotency.keep(
            db,
            self.vault,
            user_id=self.user_id,
            caller=self.caller,
            key=self.key,
            said=orjson.dumps({"fingerprint": self.fingerprint, **said}).decode(),
            now=self.at,
        )
        self.is_kept = True


@dataclass(frozen=True, slots=True)
class Running:
    """The acts that are being done under a key at this moment, in this process."""

    _fingerprints: dict[tuple[str, str], str] = field(default_factory=dict)

    @contextmanager
    def alone(self, once: Once) -> Iterator[None]:
        """Let nobody else do the same meanwhile; raises `Refusal` where somebody does."""
        place = (once.caller, once.key)
        other = self._fingerprints.get(place)
        if other is not None and other != once.fingerprint:
            raise mismatch()
        if other is not None:
            raise Refusal(
                ErrorCode.IDEMPOTENCY_IN_FLIGHT,
                "The first request with this idempotency key is still being done",
                retry_after_s=_RETRY_AFTER_S,
            )
        self._fingerprints[place] = once.fingerprint
        try:
            yield
        finally:
            del self._fingerprints[place]


async def once_for(
    operation: Operation,
    attempt: Attempt,
    vault: Vault,
    actor: Actor,
    given: BaseModel | None,
    target: str,
    now: datetime,
) -> Once | None:
    """Return what makes a try one of several for one effect; None without a key."""
    if attempt.key is None:
        return None
    return Once(
        operation=operation,
        attempt=attempt,
        vault=vault,
        user_id=actor.user_id,
        caller=actor.caller,
        key=attempt.key,
        fingerprint=await _fingerprint(operation, given, target),
        at=now,
    )


def mismatch() -> Refusal:
    """Return the answer to a key that comes with something else than before."""
    return Refusal(
        ErrorCode.IDEMPOTENCY_MISMATCH,
        "This idempotency key was used for another request: use a new one",
    )


async def discard(given: BaseModel | None) -> None:
    """Delete a file that was received and is not needed: the answer is known without it."""
    if isinstance(given, UploadedFile):
        await trio.Path(given.path).unlink(missing_ok=True)


def _plain(answer: BaseModel) -> Any:
    return orjson.loads(answer.model_dump_json(by_alias=True))


async def _fingerprint(operation: Operation, given: BaseModel | None, target: str) -> str:
    """Return the same text for the same request, however its JSON was written."""
    if isinstance(given, UploadedFile):
        said: Any = [given.name, await trio.to_thread.run_sync(_sha256_of, given.path)]
    elif given is not None:
        said = given.model_dump(mode="json", by_alias=True, exclude_unset=True)
    else:
        said = None
    # By Python's own: a list may hold a number that is longer than orjson takes.
    text = json.dumps([operation.name, target, said], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
