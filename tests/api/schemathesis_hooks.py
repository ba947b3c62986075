"""What schemathesis cannot know: which data exist, what leads to what, and the rules' own codes.

Its command line loads this through `SCHEMATHESIS_HOOKS`; the account's id is in the environment.
"""

from __future__ import annotations

import io
import os
import re
import zoneinfo
from typing import Any
from uuid import UUID, uuid4

import schemathesis
from hypothesis import strategies as st
from PIL import Image
from schemathesis import Case, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import RejectedPositiveData, UseAfterFree
from schemathesis.transport.serialization import Binary

ACCOUNT = os.environ["REPRISE_TEST_ACCOUNT"]
NOBODY = "00000000-0000-4000-8000-000000000000"
STORY = {
    "accountId": ACCOUNT,
    "mediaFileId": "$response.body#/id",
    "mediaType": "STORIES",
    "mediaFileIds": None,
    "userTags": None,
    "altTexts": None,
    "collaborators": None,
    "storyMentions": None,
    "storyStickers": None,
    "crossPostToFacebook": False,
}
LATER = {"scheduledFor": "2099-01-01T00:00:00Z", "timezone": "UTC"}
POST_USERS = ["getPost", "updateDraft", "retryPost", "clearPost", "deleteFromInstagram"]
# What makes something: where the answer has its id, and who takes that under which name.
LINKS: dict[str, tuple[str, dict[str, list[str]]]] = {
    "uploadMedia": ("/id", {"id": ["getMedia", "deleteMedia"]}),
    "createDraft": ("/id", {"id": POST_USERS}),
    "publishPost": ("/postId", {"id": POST_USERS}),
    "createSchedule": ("/postId", {"id": ["getScheduled", "updateSchedule", "cancelSchedule"]}),
    "createApiKey": ("/key/id", {"id": ["revokeApiKey"]}),
    "connectAccount": (
        "/id",
        {
            "id": ["disconnectAccount"],
            "accountId": ["probeCredentials", "forgetCredentials", "getSessionPhase"],
        },
    ),
}
# VALIDATION_ERRORs that depend on more than the shape.
UNSAYABLE = (
    "required to publish",
    "connected already",
    "an address like",
    "a locale like",
    "a timezone like",
    "an offset in seconds",
    "the key shown beside",
    "REPRISE_PACE",
    "The session cannot be used",
    "it is in the past",
    "it has to be in the future",
    "Send either sessionid",
    "goes with `all`",
    "no usable overlay",
    "send either `ids`",
    "at least one letter or digit",
    "no Instagram username",
    "no address of a service that Reprise tells people by",
    "send `postId`, or",
    "only its time is sent",
    "begin and end at different times",
    "altTexts: ",
    "names on that list already",
    "100 days after `from`",
)
PNG = b"\x89PNG"
_KEY = re.compile(r"[!#-~][!-~]{0,254}")


def _photo() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (540, 960), "teal").save(content, "JPEG")
    return content.getvalue()


PHOTO = _photo()
schemathesis.openapi.format("timezone", st.sampled_from(sorted(zoneinfo.available_timezones())))


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Say which answers name what later requests are about, and spell nullable formats out."""
    _spell_out(raw_schema)
    for item in raw_schema["paths"].values():
        for operation in item.values():
            name = operation["operationId"]
            if name in LINKS:
                made = next(a for code, a in operation["responses"].items() if code < "3")
                made["links"] = _links(name)


def _spell_out(schema: Any) -> None:
    # Of a type like ["string", "null"] schemathesis forgets the format.
    for part in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(part, dict) and isinstance(part.get("type"), list) and "format" in part:
            kind = {"type": part.pop("type")[0], "format": part.pop("format")}
            part["anyOf"] = [kind, {"type": "null"}]
        if isinstance(part, dict | list):
            _spell_out(part)


def _links(name: str) -> dict[str, Any]:
    pointer, users = LINKS[name]
    links: dict[str, Any] = {
        user: {"operationId": user, "parameters": {parameter: f"$response.body#{pointer}"}}
        for parameter, operations in users.items()
        for user in operations
    }
    if name == "uploadMedia":
        bodies = {"createDraft": STORY, "publishPost": STORY, "createSchedule": STORY | LATER}
        for user, body in bodies.items():
            links[user] = {"operationId": user, "requestBody": body}
    return links


@schemathesis.hook
def map_body(context: HookContext, body: Any) -> Any:
    """Let well-formed requests be about the account that exists, and pictures be large enough."""
    if isinstance(body, dict) and isinstance(file := body.get("file"), Binary):
        return {**body, "file": Binary(PHOTO)} if file.data.startswith(PNG) else body
    return _about_our_account(body)


@schemathesis.hook
def map_query(context: HookContext, query: Any) -> Any:
    """The same for the parameter `accountId`."""
    return _about_our_account(query)


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Keep the one account that everything is about, and its login; use no key for two things."""
    sent: Any = case.headers or {}
    if _KEY.fullmatch(str(sent.get("Idempotency-Key", ""))):
        sent["Idempotency-Key"] = str(uuid4())
    if case.method == "DELETE":
        for name, value in case.path_parameters.items():
            if value == ACCOUNT:
                case.path_parameters[name] = NOBODY


@schemathesis.hook
def filter_failure(
    context: HookContext, failure: Failure, case: Case[Any], response: Response
) -> bool:
    """Drop what the contract wants otherwise than schemathesis."""
    if isinstance(failure, UseAfterFree):
        # The probe says that there are no credentials; it is not itself gone.
        return bool(case.operation.definition.raw["operationId"] != "probeCredentials")
    if isinstance(failure, RejectedPositiveData) and response.status_code == 400:
        # Rules that no schema can say refuse with codes of their own, the shape with this one.
        answer = response.json()
        unsayable = any(words in answer["error"] for words in UNSAYABLE)
        at_the_edge = "no ISO 8601" in answer["error"] and _is_edge(f"{case.query} {case.body!r}")
        return bool(answer["code"] == "VALIDATION_ERROR" and not unsayable and not at_the_edge)
    return True


def _is_edge(request: str) -> bool:
    """Whether it names a day that, with an offset, may be in no year at all."""
    return "0001-01-01" in request or "9999-12-31" in request


def _about_our_account(values: Any) -> Any:
    if isinstance(values, dict) and _is_id(values.get("accountId")):
        return {**values, "accountId": ACCOUNT}
    return values


def _is_id(value: object) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value.lower()
    except ValueError:
        return False
