"""What an agent can read by an address: accounts, posts, mentions, codes, and how to be careful."""

from __future__ import annotations

from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from pydantic import BaseModel

from agents.asking import account_id_of, ask
from agents.tool import what_to_do
from ground.changes import Subject
from ground.refusal import ErrorCode, Refusal
from operations import mentions, models, posts, story_repost
from operations.meanings import MEANINGS
from operations.refusing import refusal_of
from operations.scopes import Scope, Scopes

_JSON = "application/json"
_NEEDS = {
    "account_status": frozenset({Scope.REPOSTS_READ, Scope.ACCOUNTS_READ}),
    "post": frozenset({Scope.POSTS_READ}),
    "mention": frozenset({Scope.REPOSTS_READ}),
}
_SAFETY = """\
# Keeping an account safe

Two things get accounts banned: doing what no person does, and going on when Instagram says stop.

- Reprise holds back by itself: spacing, daily limits, sleep hours, quiet days after a login. Where
  it says that something waits, it waits for a reason: tell it to the user, do not work around it.
- Never publish the same thing twice. Repeat a call only with the same request_id; in doubt, look.
- DELIVERY_UNKNOWN means that a post may be live: a person looks at the account first.
- A challenge, a block or LOGIN_RATE_LIMITED end by waiting, or by a person in the Instagram app.
- Do not look for mentions again and again: the daemon looks as often as is safe.
- Other people's stories are theirs: what is meant for few is approved by a person only.
"""


def may(scopes: Scopes, name: str) -> bool:
    """Say whether a resource is for somebody with these scopes."""
    return scopes is None or _NEEDS.get(name, frozenset()) <= scopes


def uri_of(subject: Subject, subject_id: str) -> str | None:
    """Return the address of what has changed, where it has one."""
    kind = {Subject.POST: "posts", Subject.REPOST: "mentions"}.get(subject)
    return None if kind is None else f"reprise://{kind}/{subject_id}"


def add(server: MCPServer[Any]) -> None:
    """Add the resources to the server."""
    server.resource(
        "reprise://accounts/{username}/status",
        name="account_status",
        mime_type=_JSON,
        description="What an account does now, what holds it and until when",
    )(_account_status)
    server.resource(
        "reprise://posts/{post_id}", name="post", mime_type=_JSON, description="One post"
    )(_post)
    server.resource(
        "reprise://mentions/{mention_id}",
        name="mention",
        mime_type=_JSON,
        description="One mention with every change of its state",
    )(_mention)
    server.resource(
        "reprise://errors/{code}",
        name="error",
        mime_type=_JSON,
        description="What an error code means and what to do",
    )(_error)
    server.resource(
        "reprise://docs/account-safety",
        name="account-safety",
        mime_type="text/markdown",
        description="What keeps an Instagram account from being banned",
    )(_account_safety)


async def _account_status(username: str) -> str:
    async def read() -> BaseModel:
        query = models.AccountQuery(account_id=await account_id_of(username))
        found: BaseModel = await ask(story_repost.get_status, query)
        return found

    return await _told(read)


async def _post(post_id: str) -> str:
    return await _told(lambda: ask(posts.get_post, target=post_id))


async def _mention(mention_id: str) -> str:
    return await _told(lambda: ask(mentions.get_repost, target=mention_id))


async def _error(code: str) -> str:
    known = next((each for each in ErrorCode if each == code.upper()), None)
    if known is None:
        raise ResourceNotFoundError(f"There is no code {code[:40]!r}")
    said = Meaning(code=known, meaning=MEANINGS[known].meaning, what_to_do=what_to_do(known))
    return said.model_dump_json()


async def _account_safety() -> str:
    return _SAFETY


class Meaning(BaseModel):
    code: str
    meaning: str
    what_to_do: str


async def _told(read: Any) -> str:
    try:
        found: BaseModel = await read()
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise _problem(refusal) from None
    return found.model_dump_json(by_alias=True, exclude_none=True)


def _problem(refusal: Refusal) -> ResourceError:
    told = f"{refusal.code}: {refusal.message}"
    if refusal.code is ErrorCode.NOT_FOUND:
        return ResourceNotFoundError(told)
    return ResourceError(told)
