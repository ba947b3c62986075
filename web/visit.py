"""One visit of a page: who looks, at which account, and what every page shows around its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError
from quart import Request

from ground.refusal import ErrorCode, Refusal
from operations import accounts, models, story_repost
from operations.actor import Actor
from operations.attempt import Attempt
from operations.house import House
from operations.misfit import misfit
from operations.operation import Operation
from operations.scopes import Scope
from operations.trial import Stage, get_sandbox
from storage.errors import Unreadable
from storage.times import to_text
from web.trying import tried


class Door(Protocol):
    """What the address's own face does for the one beside it: it knows who calls."""

    async def caller(self, request: Request) -> Actor:
        """Return who calls; raises what the app answers as a refusal."""
        ...

    async def sign_out(self, request: Request, actor: Actor) -> str:
        """End the browser's session; returns the header that takes its cookie away."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who looks, with what frames every page. `account` is None where there is none yet."""

    house: House
    actor: Actor
    now: datetime
    accounts: list[models.InstagramAccount]
    account: models.InstagramAccount | None
    status: models.StoryRepostStatus
    stopped: datetime | None
    zone: ZoneInfo
    args: Mapping[str, str]
    # How many changes there had been when the looking began: what came since is not shown.
    heard: int
    # Whether a sandbox stands open beside us that is the visitor's to end.
    trial_is_open: bool = False

    def may(self, scope: Scope) -> bool:
        """Say whether the visitor may do that."""
        return self.actor.scopes is None or scope in self.actor.scopes

    @property
    def account_id(self) -> str | None:
        """The account that is looked at."""
        if self.account is not None:
            return self.account.id
        config = self.status.config
        return config.instagram_account_id if config else None

    @property
    def username(self) -> str:
        """What that account is called."""
        if self.account is not None:
            return self.account.username
        return self.status.config.ig_username if self.status.config else ""

    @property
    def waiting(self) -> int:
        """How many mentions wait for a person."""
        return self.status.waiting.waiting_approval

    async def perform(
        self, operation: Operation, given: BaseModel | None = None, target: str = "", key: str = ""
    ) -> Any:
        """Have an operation done for the visitor; see `House.perform`."""
        attempt = Attempt(key) if key else None
        return await self.house.perform(operation, self.actor, given, target, attempt)


async def visit(house: House, actor: Actor, args: Mapping[str, str]) -> Visit:
    """Return the visit of somebody; raises `Refusal` for an account that is not theirs."""
    heard = house.feed.told
    every: list[models.InstagramAccount] = []
    if actor.scopes is None or Scope.ACCOUNTS_READ in actor.scopes:
        every = (await house.perform(accounts.get_me, actor)).accounts
    account, status = await _shown_first(house, actor, every, args.get("account"))
    stopped = await house.perform(story_repost.get_stopped, actor)
    return Visit(
        house=house,
        actor=actor,
        now=house.clock.now(),
        accounts=every,
        account=account,
        status=status,
        stopped=stopped.since,
        zone=ZoneInfo(status.config.timezone if status.config else "UTC"),
        args=args,
        heard=heard,
        trial_is_open=await _trial_is_open(house, actor),
    )


async def _shown_first(
    house: House, actor: Actor, every: list[models.InstagramAccount], wanted: str | None
) -> tuple[models.InstagramAccount | None, models.StoryRepostStatus]:
    """Return the account that is shown and where it stands.

    Where nobody has chosen one, an account with a row that cannot be read hides no other.
    """
    candidates = [_chosen(every, wanted), *([] if wanted else every[1:])]
    for account in candidates:
        query = models.AccountQuery(account_id=account.id if account else None)
        try:
            return account, await house.perform(story_repost.get_status, actor, query)
        except Unreadable:
            if account is candidates[-1]:
                raise
    raise AssertionError("the last one is returned or raises")


async def _trial_is_open(house: House, actor: Actor) -> bool:
    if house.trial.state.stage is not Stage.OPEN:
        return False
    return not isinstance(await tried(house.perform(get_sandbox, actor)), Refusal)


def _chosen(
    every: list[models.InstagramAccount], wanted: str | None
) -> models.InstagramAccount | None:
    if not wanted:
        return every[0] if every else None
    for account in every:
        if wanted in (account.id, account.username):
            return account
    raise Refusal(ErrorCode.NOT_FOUND, "There is no such account")


M = TypeVar("M", bound=BaseModel)


def given(model: type[M], **values: object) -> M:
    """Return an operation's input of what was sent; raises `Refusal` that names the field."""
    said = {
        name: to_text(value) if isinstance(value, datetime) else value
        for name, value in values.items()
    }
    try:
        return model.model_validate(said)
    except ValidationError as invalid:
        raise Refusal(ErrorCode.VALIDATION_ERROR, misfit(invalid)) from None
