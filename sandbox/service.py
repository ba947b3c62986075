"""Answers what comes through a tunnel: ledger, fault, session, handler, in that order."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from email.utils import formatdate
from functools import partial

import trio

from sandbox.graph import auth as graph_auth
from sandbox.graph.failures import GraphRefusal
from sandbox.private import failures
from sandbox.private.form import decode_form
from sandbox.private.login import submitted_username
from sandbox.private.password import PasswordKey
from sandbox.private.refused import Refused
from sandbox.routes import find_route
from sandbox.wire.call import Call, PrivateHandler
from sandbox.wire.faults import Faults
from sandbox.wire.message import Ending, Exchange, JsonObject, Request, Response
from sandbox.wire.route import Route
from sandbox.world.ledger import Entry, Ledger
from sandbox.world.session import claimed_pk
from sandbox.world.world import World

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
        """Record a request, let a fault have it if one strikes, and answer it.

        A request whose body broke off is for the few routes that keep what has arrived.
        """
        found = find_route(request.host, request.method, request.path)
        if request.is_cut and (found is None or not found[0].takes_cut):
            return Response(ending=Ending.CLOSE)
        form = decode_form(request)
        account = self._account(request, form)
        entry = self._ledger.open(request, form=form, account=account)
        if found is None:
            self._ledger.refuse(entry)  # whatever a fault makes of it
            perform: Perform = partial(_unknown, request)
        else:
            perform = partial(self._perform, *found, request, form, entry)
        fault = self._faults.strike(request, account)
        if fault is None:
            response = await perform()
        else:
            entry.fault = fault.name
            later = partial(self._start_later, request, perform)
            response = await fault.kind.answer(Exchange(request, perform, later))
        if response.ending is Ending.COMPLETE and not request.is_cut:
            entry.status = response.status
            date = ("date", formatdate(self._world.now(), usegmt=True))
            response = replace(response, headers=(*response.headers, date))
        self._ledger.changed()
        return response

    def _account(self, request: Request, form: JsonObject) -> str | None:
        """Whose request it is, also when the session it comes with is not valid any more."""
        if request.host in graph_auth.HOSTS:
            graph = self._world.graph.account_with(graph_auth.token_of(request, form))
            return graph.person.username if graph else None
        username = submitted_username(request, form)
        if username is not None:
            return username
        pk = claimed_pk(request.headers.get("authorization", ""))
        person = self._world.find_person(pk=pk) if pk is not None else None
        return person.username if person else None

    def _start_soon(self, work: Callable[[], Awaitable[None]]) -> None:
        assert self._background is not None, "the service does not run"
        self._background.start_soon(work, name="work behind an answer")

    def _start_later(self, request: Request, perform: Perform, seconds: float) -> None:
        request.body.hold()
        self._start_soon(partial(self._later, request, perform, seconds))

    async def _later(self, request: Request, perform: Perform, seconds: float) -> None:
        with request.body:
            await trio.sleep(seconds)
            await perform()
        self._ledger.changed()

    async def _perform(
        self,
        route: Route,
        arguments: tuple[str, ...],
        request: Request,
        form: JsonObject,
        entry: Entry,
    ) -> Response:
        call = Call(
            request,
            form,
            arguments,
            self._world,
            self._ledger,
            entry,
            self._password_key,
            self._start_soon,
        )
        try:
            if route.open is not None:
                return await route.open(call)
            if route.graph is not None:
                return await graph_auth.perform(route.graph, call)
            assert route.private is not None
            return await self._perform_private(route.private, call)
        except Refused as refusal:
            return refusal.response()
        except Exception:
            # A bug of the sandbox must not look like a lost connection to the client under test.
            logger.exception("handler failed path=%s", request.path)
            return Response.fail(500, "The sandbox has a bug; see its log")

    async def _perform_private(self, handler: PrivateHandler, call: Call) -> Response:
        session = self._world.sessions.find(call.request.headers.get("authorization", ""))
        if session is None or not session.valid:
            return failures.login_required().response()
        person = session.person
        if person.challenge.pending:
            return failures.challenge_required(person).response()
        if "signed_body" in call.form:  # it was not signed as the app signs
            return Response.fail(400, "Sorry, there was a problem with your request.")
        try:
            response = await handler(call, person)
        except Refused as refusal:
            response = refusal.response()
        if not (session.rotates and session.valid):
            return response
        session.valid = False
        bearer = self._world.sessions.open(person).bearer
        headers = (*response.headers, ("ig-set-authorization", bearer))
        return replace(response, headers=headers)


async def _unknown(request: Request) -> Response:
    if request.host in graph_auth.HOSTS:
        return graph_auth.refused(GraphRefusal("unknown_path"))
    return Response.fail(404, "The sandbox does not know this request")
