"""The face below `/session`: from a request to a row of the table, and its answer.

It listens nowhere itself: whoever serves it says who asks (`Admit`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

import trio
from pydantic_core import to_json
from quart import Request

from ground.plain_text import plain
from ground.refusal import ErrorCode, Refusal
from instagram.private import calls
from operations.actor import Actor
from serving.answer import Answer
from serving.body import read_whole
from serving.docs_page import docs_page
from serving.idempotency import HEADER as KEY_HEADER
from serving.idempotency import idempotency_key
from serving.multipart import Form, announced, receive_form
from session_api import table
from session_api.errors import Absent, NotDone, answer_to
from session_api.given import taken, truth
from session_api.openapi import document
from session_api.question import Around, Question
from session_api.rails import claim, held, is_upload
from session_api.row import Rail, Row
from storage import account_sessions
from storage.account_sessions import AccountSession

PREFIX = "/session"
HEADER = "X-Session-ID"
FIELD = "sessionid"
DRY_RUN = "X-Dry-Run"
_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_MOST_FILES = 11  # an album's ten, and a cover


class Asked(Protocol):
    """What of a request is read before its body."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def headers(self) -> Any: ...
    @property
    def cookies(self) -> Mapping[str, str]: ...
    @property
    def args(self) -> Any: ...


# Returns who asks, None where that need not be known; raises where they may not.
Admit = Callable[[bool], Awaitable[Actor | None]]


class SessionFace:
    """Answers every request below `/session`."""

    prefix = PREFIX

    def __init__(self, around: Around) -> None:
        self._around = around
        self._rows = table.by_path()

    def route(self, path: str) -> str:
        """Return what a path is counted and logged as."""
        known = path.removeprefix(PREFIX)
        return path if known in self._rows or path in _PAGES else f"{PREFIX}/none"

    def is_plain(self, path: str) -> bool:
        """Say whether a GET there is answered with bytes, and so needs no stream."""
        if path in _PAGES:
            return True
        row = self._rows.get(path.removeprefix(PREFIX), {}).get("GET")
        return row is not None and row.gives not in ("file", "[file]", "page")

    async def answer(self, request: Asked, admit: Admit, known_as: str) -> Answer:
        """Answer one request; every failure has the guide's body."""
        form = Form()
        try:
            if (page := _PAGES.get(request.path)) is not None:
                if request.method not in _PAGES_TAKE:
                    raise _NotThisMethod(_PAGES_TAKE)
                await admit(False)
                return page()
            row = self._row(request)
            actor = await admit(not row.is_public)
            if actor is not None:
                actor.require(row.scope)
            return await self._answered(row, request, actor, form)
        except Exception as error:  # noqa: BLE001 - the one place that turns failures into answers
            answer = answer_to(error, self._around.house.clock.now(), known_as)
            if isinstance(error, _NotThisMethod):
                answer.headers["Allow"] = ", ".join(error.allowed)
            return answer
        finally:
            await form.discard()

    def _row(self, request: Asked) -> Row:
        rows = self._rows.get(request.path.removeprefix(PREFIX))
        if rows is None:
            raise Refusal(ErrorCode.NOT_FOUND, "There is nothing at this path")
        if "GET" in rows and rows["GET"].is_public:  # probes ask so; elsewhere it would cost a read
            rows = {"HEAD": rows["GET"], **rows}
        if request.method not in rows:
            raise _NotThisMethod(sorted(rows))
        return rows[request.method]

    async def _answered(self, row: Row, request: Asked, actor: Actor | None, form: Form) -> Answer:
        query = list(request.args.items(multi=True))
        if row.has_form:
            arrived = await self._form(row, request)
            form.fields, form.files = arrived.fields, arrived.files
        else:
            form.fields = query
        sent = _session_id(request, form, dict(query))
        session = None
        if not row.is_public and (not row.is_open or (sent and row.hears_session)):
            session = await self._session(actor, sent)
        given = taken(
            row.takes,
            form.fields,
            "body" if row.has_form else "query",
            [file.field for file in form.files],
        )
        question = Question(
            around=self._around,
            row=row,
            actor=actor,
            given=given,
            form=form,
            session=session,
            key=idempotency_key(request.headers) if row.has_form else None,
        )
        if not row.is_public and _is_dry(request):
            return await self._tried(question)
        if question.key is not None and not is_upload(row):
            question.warnings.append(f"{KEY_HEADER} is heard by uploads alone")
        try:
            answer = _rendered(await self._done(question))
            if question.warnings:
                answer.headers["Reprise-Warning"] = _in_header(question.warnings)
            return answer
        finally:
            if question.session is not None and question.tally.requests > 1:
                with trio.CancelScope(shield=True):
                    await self._count_more(question)

    async def _count_more(self, question: Question) -> None:
        """Count every request beyond the first as a read: the first has its own rail."""
        account_id, now = question.used.account_id, self._around.house.clock.now()
        more = question.tally.requests - 1
        await self._around.house.store.write(
            account_sessions.count, account_id, "read", now, times=more
        )

    async def _session(self, actor: Actor | None, sent: str) -> AccountSession | None:
        assert actor is not None
        if not sent:
            raise Refusal(ErrorCode.NO_ACTIVE_SESSION, f"Send a session id as {HEADER}")
        session = await self._around.sessions.find(actor.user_id, sent)
        if not actor.may_see(session.account_id):
            raise Refusal(ErrorCode.INSUFFICIENT_SCOPE, "This key is not for that account")
        return session

    async def _done(self, question: Question) -> Any:
        row = question.row
        if row.absent:
            raise Absent(row.absent)
        if question.session is not None and not is_upload(row):  # the door has its own
            await self._claim(question)
        if row.handler is not None:
            return _done(row, calls.told(await row.handler(question)))

        async def step(client: Any) -> Any:
            if row.step is not None:
                found = await row.step(client, question.given)
            else:
                assert row.call is not None
                given, named = row.call.arguments(question.given)
                found = await calls.call(client, row.call.name, given, named)
            if row.found_in:
                calls.check_list(client, row.found_in)
            return calls.told(found)

        return _done(row, _paged(row, await question.run(step)))

    async def _claim(self, question: Question) -> None:
        session, around = question.used, self._around
        await around.house.store.write(
            claim,
            session.id,
            session.account_id,
            question.row,
            around.limits,
            around.house.clock,
            question.given.get("confirm") or "",
        )

    async def _tried(self, question: Question) -> Answer:
        """Say what would be sent, and what would hold it back; nothing is."""
        row, around = question.row, self._around
        hold = None
        if question.session is not None:
            hold = await around.house.store.read(
                held,
                question.used.account_id,
                row,
                around.limits,
                around.house.clock,
                question.given.get("confirm") or "",
            )
        call = row.call.text if row.call is not None else row.name
        return _rendered(
            {
                "dry_run": True,
                "operation": row.name,
                "call": None if row.absent else call,
                "class": row.rail.value,
                "held": None
                if hold is None
                else {
                    "rail": hold.rail,
                    "reason": hold.reason,
                    "until": None if hold.until is None else hold.until.isoformat(),
                },
            }
        )

    async def _form(self, row: Row, request: Asked) -> Form:
        assert isinstance(request, Request)
        if request.mimetype == _MULTIPART:
            house = self._around.house
            house.folder.check_room(announced(request, self._around.max_upload_bytes))
            wanted = {each.name for each in row.takes if each.kind == "file"}
            return await receive_form(
                request,
                house.library.scratch,
                self._around.max_upload_bytes,
                wanted=wanted,
                most=_MOST_FILES,
                may_be_empty=True,
            )
        body = await read_whole(request)
        if not body:
            return Form()
        if request.mimetype != _URLENCODED:
            raise Refusal(
                ErrorCode.UNSUPPORTED_MEDIA_TYPE, f"Send a form: {_URLENCODED} or {_MULTIPART}"
            )
        try:
            return Form(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
        except ValueError:
            raise Refusal(ErrorCode.VALIDATION_ERROR, "The form is no UTF-8") from None


_PAGES: dict[str, Callable[[], Answer]] = {
    PREFIX: lambda: Answer(b"", 307, {"Location": f"{PREFIX}/docs"}),
    f"{PREFIX}/docs": lambda: docs_page("Reprise session API", f"{PREFIX}/openapi.json"),
    f"{PREFIX}/openapi.json": lambda: Answer(document()),
}


_PAGES_TAKE = ["GET", "HEAD"]


class _NotThisMethod(Refusal):
    def __init__(self, allowed: list[str]) -> None:
        super().__init__(ErrorCode.METHOD_NOT_ALLOWED, "This path does not take this method")
        self.allowed = allowed


def _is_dry(request: Asked) -> bool:
    sent = (request.headers.get(DRY_RUN) or "").strip()
    try:
        return bool(sent) and truth(sent)
    except ValueError:  # who means it as one must not see it done
        raise Refusal(ErrorCode.VALIDATION_ERROR, f"{DRY_RUN} is 1 or 0") from None


def _session_id(request: Asked, form: Form, query: Mapping[str, str]) -> str:
    """Return what was sent as the session: the first place that is not blank."""
    in_form = next((value for name, value in form.fields if name == FIELD and value.strip()), "")
    for sent in (
        request.headers.get(HEADER),
        request.cookies.get(FIELD),
        query.get(FIELD),
        in_form,
    ):
        if sent and (plain := unquote(sent).strip().strip("\"'").strip()):
            return plain
    return ""


def _paged(row: Row, told: Any) -> Any:
    if row.gives.endswith("Page") and isinstance(told, list) and len(told) == 2:
        items, cursor = told
        return {"items": items, "next_cursor": cursor or ""}
    return told


def _done(row: Row, told: Any) -> Any:
    """Return what a row gives; raises `NotDone` for an act that was not done."""
    is_act = row.gives == "bool" and row.rail not in (Rail.READ, Rail.LOCAL)
    if is_act and told is not True:
        raise NotDone
    return told


def _in_header(warnings: Sequence[str]) -> str:
    # Meta's own words among them come in several lines, which no header has.
    return plain("; ".join(warnings)).encode("ascii", "replace").decode()


def _rendered(value: Any) -> Answer:
    return value if isinstance(value, Answer) else Answer(to_json(value))
