"""The machine and who is signed in on it: browsers, copies of the database, room, findings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from operations.models.base import Moment, Schema, Uuid


class SignedInBrowser(Schema):
    """A browser's session. `name` is no secret: nobody is signed in by it.

    `device` is what the browser called itself. `scopes` is comma-separated, empty for everything.
    """

    name: str
    device: str | None
    scopes: str
    account_ids: list[Uuid] | None
    created_at: Moment
    expires_at: Moment
    is_this: bool


class SignedInBrowsers(Schema):
    browsers: list[SignedInBrowser]


class BrowserName(Schema):
    session: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class KeptCopy(Schema):
    name: str
    made_at: Moment
    size: int


class KeptCopies(Schema):
    """The newest first. They lie beside the database, in `copies`."""

    copies: list[KeptCopy]


class Room(Schema):
    """What takes room on the disk, in bytes."""

    files: int
    media: int
    database: int
    copies: int
    free: int


class MachineFinding(Schema):
    """What a check of `reprise doctor` found; `mend` says what to do where something is."""

    check: str
    state: Literal["OK", "warning", "problem"]
    text: str
    mend: str | None


class MachineFindings(Schema):
    ok: bool
    findings: list[MachineFinding]


class TriedSandbox(Schema):
    """A sandbox beside this daemon. It ends by itself at `until`; `reason` says why it failed."""

    state: Literal["notOffered", "none", "opening", "open", "failed"]
    since: Moment | None
    until: Moment | None
    reason: str | None


class SandboxLink(Schema):
    """It signs one browser in to the sandbox, once, within five minutes."""

    url: str
