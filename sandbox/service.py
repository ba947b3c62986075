"""Answers what comes through a tunnel: ledger, fault, session, handler, in that order."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import trio

from sandbox import failures
from sandbox.call import Call, PrivateHandler
from sandbox.faults import Faults
from sandbox.form import decode_form
from sandbox.ledger import Ledger
from sandbox.login import submitted_username
from sandbox.message import Ending, Exchange, JsonObject, Request, Response
from sandbox.password import PasswordKey
from sandbox.routes import Route, find_route
from sandbox.session import claimed_pk
from sandbox.world import World

logger = logging.getLogger(__name__)

Perform = Callable[[], Awaitable[Response]]


class Service:
    """The simulated Instagram behind the sockets."""

    def __init__(
        self, world: World, ledger: Ledger, faults: Faults, password_key: PasswordKey
    ) -> None:
        self._world = world
        self._ledger = ledger
        self._faults = faults
        self._password_key = password_key
        self._background: trio.Nursery | None = None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Carry out effects that outlive their connection. Runs until cancelled."""
        async with trio.open_nursery() as nursery:
            self._background = nursery
            task_status.started()
            try:
                await trio.sleep_forever()
            finally:
                self._background = None

    async def answer(self, request: Request) -> Response:
        """Record a request, let a fault have it if one strikes, and answer it."""
        form = decode_form(request)
        account = self._account(request, form)
        entry = self._ledger.open(request, form=form, account=account)
        found = find_route(request.host, request.method, request.path)
        if found is None:
            self._ledger.refuse(entry)  # whatever a fault makes of it
            perform: Perform = _unknown
        else:
            route, arguments = found
            call = Call(
                request, form, arguments, self._world, self._ledger, entry, self._password_key
            )
            perform = partial(self._perform, route, call)
        fault = self._faults.strike(request, account)
        if fault is None:
            response = await perform()
        else:
            entry.fault = fault.name
            later = partial(self._start_later, request, perform)
            response = await fault.kind.answer(Exchange(perform, later))
        if response.ending is Ending.COMPLETE:
            entry.status = response.status
        self._ledger.changed()
        return response

    def _account(self, request: Request, form: JsonObject) -> str | None:
        """Whose request it is, also when the session it comes with is not valid any more."""
        username = submitted_username(request, form)
        if username is not None:
            return username
        pk = claimed_pk(request.headers.get("authorization", ""))
        person = self._world.find_person(pk=pk) if pk is not None else None
        return person.username if person else None

    def _start_later(self, request: Request, perform: Perform, seconds: float) -> None:
        assert self._background is not None, "the service does not run"
        request.body.hold()
        self._background.start_soon(self._later, request, perform, seconds, name="late effect")

    async def _later(self, request: Request, perform: Perform, seconds: float) -> None:
        with request.body:
            await trio.sleep(seconds)
            await perform()
        self._ledger.changed()

    async def _perform(self, route: Route, call: Call) -> Response:
        try:
            if route.open is not None:
                return await route.open(call)
            assert route.private is not None
            return await self._perform_private(route.private, call)
        except Exception:
            # A bug of the sandbox must not look like a lost connection to the client under test.
            logger.exception("handler failed path=%s", call.request.path)
            return Response.fail(500, "The sandbox has a bug; see its log")

    async def _perform_private(self, handler: PrivateHandler, call: Call) -> Response:
        session = self._world.sessions.find(call.request.headers.get("authorization", ""))
        if session is None or not session.valid:
            return failures.login_required().response()
        person = session.person
        if person.challenge.pending:
            return failures.challenge_required(person).response()
        response = await handler(call, person)
        if not (session.rotates and session.valid):
            return response
        session.valid = False
        bearer = self._world.sessions.open(person).bearer
        headers = (*response.headers, ("ig-set-authorization", bearer))
        return replace(response, headers=headers)


async def _unknown() -> Response:
    return Response.fail(404, "The sandbox does not know this request")
