"""The shape of what the Worker answers: what is otherwise is nobody's word.

It may be another version, or what else lies behind its name; what Meta tells it, it passes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, TypeVar

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

T = TypeVar("T")
# The ends of the calendar are too near for what is reckoned from a time.
_LATEST_MS = 4_102_444_800_000
_SMALLEST_PART = 64 * 1024

Whole = Annotated[int, Field(strict=True, ge=0, lt=2**53)]
Milliseconds = Annotated[int | float, Field(ge=0, le=_LATEST_MS)] | None
Text = Annotated[str, Field(strict=True, max_length=5000)]


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if abs(value) < 2**31 else 0


Number = Annotated[int, BeforeValidator(_number)]
_more = with_config(ConfigDict(extra="allow"))


@_more
class ToldProblem(TypedDict):
    kind: Text
    message: NotRequired[Text | None]
    # Meta's own, which may be anything.
    code: NotRequired[Number]
    subcode: NotRequired[Number]


@_more
class ToldJob(TypedDict):
    id: Text
    epoch: Whole
    seq: Whole
    state: Literal[
        "PREPARED", "SCHEDULED", "CREATING", "POLLING", "READY", "PUBLISHING", "PUBLISHED",
        "DONE", "FAILED", "RECALLED",
    ]  # fmt: skip
    due: NotRequired[Milliseconds]
    publishingAt: NotRequired[Milliseconds]
    container: NotRequired[Text | None]
    ownBefore: NotRequired[list[Text] | None]
    mediaId: NotRequired[Text | None]
    permalink: NotRequired[Text | None]
    problem: NotRequired[ToldProblem | None]
    about: NotRequired[Text | None]


@_more
class ToldHeldJob(TypedDict):
    job: ToldJob


@_more
class ToldChanges(TypedDict):
    jobs: list[ToldJob]
    seq: Whole
    born: NotRequired[Text | None]


@_more
class ToldUploaded(TypedDict):
    isWhole: Literal[True]


@_more
class ToldUploading(TypedDict):
    isWhole: Literal[False]
    upload: Text
    part: Annotated[int, Field(strict=True, ge=_SMALLEST_PART)]
    have: list[Whole]


@_more
class ToldEnded(TypedDict):
    endedAt: Text | None
    scheduledFor: Text | None


@_more
class ToldLane(TypedDict):
    counts: dict[str, Whole]
    recent: NotRequired[list[ToldEnded]]


@_more
class ToldDiagnostics(TypedDict):
    lanes: NotRequired[list[ToldLane]]
    lastCronRun: NotRequired[Text | None]


@_more
class ToldKey(TypedDict):
    name: Text


@_more
class ToldKeys(TypedDict):
    keys: list[ToldKey]
    cursor: Text | None
    lastCronRun: Text | None


JOB = TypeAdapter(ToldJob)
HELD_JOB, CHANGES, UPLOAD = (
    TypeAdapter(ToldHeldJob),
    TypeAdapter(ToldChanges),
    TypeAdapter(ToldUploaded | ToldUploading),
)
REVISION: TypeAdapter[int] = TypeAdapter(Whole)
DIAGNOSTICS, KEYS = TypeAdapter(ToldDiagnostics), TypeAdapter(ToldKeys)
ANY: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def read(shape: TypeAdapter[T], said: object) -> T | None:
    """Return what was said as what it has to be; None for what is otherwise."""
    try:
        return shape.validate_python(said)
    except ValidationError:
        return None


def job_of(said: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the job that a refusal names, None where it names none that can be read."""
    job: Mapping[str, Any] | None = read(JOB, said.get("job"))
    return job
