"""What schemathesis cannot know of the session API: whom it is asked of, and what may not be sent.

Its command line loads this through `SCHEMATHESIS_HOOKS`; the session's id is in the environment.
"""

from __future__ import annotations

import os
from typing import Any

import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import RejectedPositiveData

SESSION = os.environ["REPRISE_TEST_SESSION"]


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Let no login's options lead the account's requests elsewhere."""
    if isinstance(case.body, dict) and case.body.get("proxy"):
        case.body["proxy"] = "ftp://nowhere"


@schemathesis.hook
def filter_failure(
    context: HookContext, failure: Failure, case: Case[Any], response: Response
) -> bool:
    """Drop what only Instagram can judge: whether there is what a well-formed request names."""
    if response.status_code == 501:
        return "exc_type" not in response.json()  # what Instagram no longer has, with the reason
    if isinstance(failure, AcceptedNegativeData):
        # As the guide has booleans: true, false, 1, 0, on, off. What is blank counts as not given.
        blank = "" in (case.query or {}).values()
        return "Incorrect type" not in failure.message and not blank
    if isinstance(failure, RejectedPositiveData):
        told = response.json()
        return (
            response.status_code not in (401, 403, 404, 409, 413, 422, 429) or "detail" not in told
        )
    return True
