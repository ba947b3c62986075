"""How a tool is declared, and how what it refuses reaches a model."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from mcp_types import CallToolResult, ContentBlock, ImageContent, TextContent, ToolAnnotations
from pydantic import BaseModel, ValidationError

from ground.refusal import ErrorCode, Refusal
from operations import models
from operations.meanings import MEANINGS
from operations.misfit import misfit
from operations.refusing import refusal_of
from operations.scopes import Scope

logger = logging.getLogger(__name__)
P = ParamSpec("P")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: who sees it needs every scope of `needs`."""

    run: Callable[..., Awaitable[CallToolResult]]
    needs: frozenset[Scope]
    hints: ToolAnnotations


TOOLS: dict[str, Tool] = {}
_pictures: ContextVar[list[models.Picture]] = ContextVar("pictures")


def tool(
    title: str,
    *needs: Scope,
    reads: bool = False,
    destroys: bool = False,
    repeats: bool = False,
    reaches_out: bool = False,
) -> Callable[[Callable[P, Awaitable[M]]], Callable[P, Awaitable[CallToolResult]]]:
    """Declare a tool: it only `reads`, or `destroys` what cannot be had back; it `repeats` without
    a further effect; it `reaches_out` to Instagram."""
    hints = ToolAnnotations(
        title=title,
        read_only_hint=reads,
        destructive_hint=destroys,
        idempotent_hint=repeats or reads,
        open_world_hint=reaches_out,
    )

    def declare(
        run: Callable[P, Awaitable[M]],
    ) -> Callable[P, Awaitable[CallToolResult]]:
        @wraps(run)
        async def told(*args: P.args, **kwargs: P.kwargs) -> CallToolResult:
            pictures: list[models.Picture] = []
            token = _pictures.set(pictures)
            try:
                answer = await run(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - the one place that turns failures into answers
                return refused(_known(error, run.__name__))
            finally:
                _pictures.reset(token)
            return _answered(answer, pictures)

        TOOLS[run.__name__] = Tool(told, frozenset(needs), hints)
        return told

    return declare


def show(picture: models.Picture) -> None:
    """Let the answer of the tool that runs show a picture."""
    _pictures.get().append(picture)


# What the answer of every refusal has.
REFUSED = ("code", "message", "what_to_do")


def refused(refusal: Refusal) -> CallToolResult:
    """Return a refusal as a model reads it: the code, the reason, and what to do."""
    code = refusal.code
    said: dict[str, Any] = {
        "code": code.value,
        "message": refusal.message,
        "what_to_do": what_to_do(code),
    }
    if refusal.retry_after_s is not None:
        said["retry_after_s"] = refusal.retry_after_s
    if refusal.until is not None:
        said["until"] = refusal.until.isoformat()
    wait = f" Wait {refusal.retry_after_s} s first." if refusal.retry_after_s is not None else ""
    text = f"{code}: {refusal.message}. {said['what_to_do']}.{wait}"
    return CallToolResult(
        is_error=True,
        content=[TextContent(type="text", text=text.replace("..", "."))],
        structured_content=said,
    )


# What a person does, because it takes a secret, which is none of a model's business.
_BY_A_PERSON: Mapping[ErrorCode, str] = {
    ErrorCode.AUTH_INVALID_KEY: "Ask the user for a new key: `reprise key create`",
    ErrorCode.INSUFFICIENT_SCOPE: "Ask the user to do it, or for a key that may (docs/keys.md)",
    ErrorCode.LOGIN_FAILED: "Ask the user to run `reprise account login --username NAME`",
    ErrorCode.TWO_FACTOR_REQUIRED: "Ask the user to run `reprise account login --username NAME`",
    ErrorCode.CREDENTIALS_NOT_CONFIGURED: (
        "Ask the user to run `reprise account login --username NAME`; never ask for a password"
    ),
    ErrorCode.PRIVATE_API_REQUIRED: (
        "Ask the user to run `reprise account login --username NAME`; never ask for a password"
    ),
    ErrorCode.TOKEN_EXPIRED: "Ask the user to connect the account again: `reprise account add`",
    ErrorCode.MISSING_ACCOUNT_ID: "Send `account`: a username from get_overview",
    ErrorCode.NOT_FOUND: "Look it up again with the tool that lists it",
    ErrorCode.IDEMPOTENCY_MISMATCH: "Use a new request_id for another request",
    ErrorCode.IDEMPOTENCY_IN_FLIGHT: "It is being done: wait, then repeat with this request_id",
}


def what_to_do(code: ErrorCode) -> str:
    """Return what an agent can do about a refusal."""
    return _BY_A_PERSON.get(code) or MEANINGS[code].recovery


def _known(error: Exception, name: str) -> Refusal:
    if isinstance(error, ValidationError):
        return Refusal(ErrorCode.VALIDATION_ERROR, misfit(error))
    known = refusal_of(error)
    if known is None:
        logger.error("tool failed name=%s", name, exc_info=error)
        known = Refusal(ErrorCode.INTERNAL_ERROR, "Something went wrong; the log says what")
    return known


def _answered(answer: BaseModel, pictures: list[models.Picture]) -> CallToolResult:
    content: list[ContentBlock] = [
        ImageContent(type="image", data=each.data, mime_type=each.mime_type) for each in pictures
    ]
    text = answer.model_dump_json(exclude_none=True)
    return CallToolResult(
        content=[*content, TextContent(type="text", text=text)],
        structured_content=answer.model_dump(mode="json", exclude_none=True),
    )
