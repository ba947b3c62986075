"""The Cloudflare account that an API token is for, and Cloudflare's errors as refusals."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cloud.asking import CloudflareError, CloudflareRefused, Line
from cloud.cloudflare_api import CloudflareApi, accounts, token_status
from cloud.deploying import Steps
from ground.refusal import ErrorCode, Refusal

_ACCOUNT_ID = re.compile(r"[0-9a-f]{32}")


@asynccontextmanager
async def opened(
    line: Line, account: str | None, steps: Steps
) -> AsyncIterator[tuple[CloudflareApi, str]]:
    """Yield the API of the account that is meant, and its id; closes the line's client.

    Raises `Refusal`, also for the errors of what is asked meanwhile.
    """
    try:
        async with line.client:
            async with steps.step("API token", None) as did:
                account_id = _chosen(await accounts(line), account)
                status = await token_status(line, account_id)
                if status != "active":
                    raise Refusal(
                        ErrorCode.VALIDATION_ERROR,
                        f"Cloudflare says that the API token is {status}: make a new one",
                    )
                did.append(f"active, for account {account_id}")
            yield CloudflareApi(line, account_id), account_id
    except CloudflareRefused as refused:
        raise Refusal(_code_of(refused), str(refused)) from None
    except CloudflareError as error:
        wait_s = None if error.again_after_s is None else math.ceil(error.again_after_s)
        raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, str(error), retry_after_s=wait_s) from None


def _chosen(accounts: list[tuple[str, str]], wanted: str | None) -> str:
    if wanted is not None:
        found = [number for number, name in accounts if wanted in (number, name)]
    else:
        found = [number for number, _name in accounts]
    if len(found) == 1:
        return found[0]
    if wanted is not None and _ACCOUNT_ID.fullmatch(wanted):
        return wanted  # a token may be for an account without being let list it
    if not accounts:
        raise Refusal(
            ErrorCode.VALIDATION_ERROR,
            "The API token shows no account: it lacks the permission Account Settings: Read,"
            " or say the account's id with --account",
        )
    names = ", ".join(f"{name} ({number})" for number, name in accounts)
    raise Refusal(
        ErrorCode.VALIDATION_ERROR,
        f"Say with --account which Cloudflare account is meant; the API token is for: {names}",
    )


def _code_of(refused: CloudflareRefused) -> ErrorCode:
    return ErrorCode.INVALID_STATUS if refused.status == 409 else ErrorCode.VALIDATION_ERROR
