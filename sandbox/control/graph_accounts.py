"""The control interface's half for the Graph API: accounts, their state, and public addresses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sandbox.control.reading import BadInput, Types, check_types, object_in, read_person
from sandbox.control.shown import container_json, graph_account_json
from sandbox.graph.authorize import login_page
from sandbox.wire.message import JsonObject, Request, Response
from sandbox.world.graph_account import SCOPES, GraphAccount, LoginMethod
from sandbox.world.world import World

GRAPH_ABOUT = {
    "GET /graph": "accounts of the Graph API with their tokens, containers, public addresses",
    "POST /graph": '{"person": "studio", "login_method": "facebook"} connects an account',
    "PATCH /graph": '{"ig_user_id": "17…", "quota_used": 99, "processing_s": 30, "revoked": true, '
    '"fail_processing": "video_format"}',
    "POST /public-urls": '{"base": "https://media.example", "to": "http://127.0.0.1:8080"}',
    "GET /oauth/authorize": "the page of Instagram Login, for a browser that has no proxy",
    "POST /login-app": '{"id": "77"}: with any secret, people log in for it at that page',
    "POST /facebook-app": '{"id": "77", "secret": "…"}, with which tokens are exchanged',
}
_NUMBER = (int, float)
_CONNECT: Types = {
    "person": (str,),
    "login_method": (str,),
    "ig_user_id": (str,),
    "expires_in": (*_NUMBER, type(None)),
    "scopes": (list,),
    "page": (bool,),
}
# What may be changed as it is, under the names of the account's attributes.
_SETTABLE: Types = {
    "revoked": (bool,),
    "restricted": (bool,),
    "quota_total": (int,),
    "usage_percent": (int,),
    "processing_s": _NUMBER,
    "polls_in_progress": (int,),
    "listing_lag_s": _NUMBER,
}
_CHANGE: Types = {
    "ig_user_id": (str,),
    "quota_used": (int,),
    "fail_processing": (str,),
    **_SETTABLE,
}


class GraphControl:
    """The handlers by method and path."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.handlers: dict[tuple[str, str], Callable[[Request], Awaitable[Response]]] = {
            ("GET", "/graph"): self._show,
            ("POST", "/graph"): self._connect,
            ("PATCH", "/graph"): self._change,
            ("POST", "/public-urls"): self._map_public_url,
            ("GET", "/oauth/authorize"): self._log_in,
            ("POST", "/login-app"): self._open_login_app,
            ("POST", "/facebook-app"): self._set_facebook_app,
        }

    async def _show(self, request: Request) -> Response:
        world = self._world
        containers = [container_json(each, world.now()) for each in world.graph.containers.values()]
        return Response.json(
            200,
            {
                "accounts": [graph_account_json(each) for each in world.graph.accounts],
                "containers": containers,
                "public_urls": world.graph.public_urls,
            },
        )

    async def _connect(self, request: Request) -> Response:
        order = object_in(request)
        check_types(order, _CONNECT)
        person = read_person(order, "person", self._world)
        more = {name: value for name, value in order.items() if name != "person"}
        method = _login_method(more.pop("login_method", "instagram"))
        if "scopes" in more:
            more["scopes"] = {str(scope) for scope in more["scopes"]}
        account = self._world.connect_graph(person, login_method=method, **more)
        return Response.json(201, graph_account_json(account))

    async def _change(self, request: Request) -> Response:
        order = object_in(request)
        check_types(order, _CHANGE)
        account = self._account(order.pop("ig_user_id", ""))
        error = order.pop("fail_processing", None)
        if error is not None:
            try:
                account.fail_processing(error)
            except ValueError as wrong:
                raise BadInput(str(wrong)) from None
        used = order.pop("quota_used", None)
        if used is not None:
            account.published_at[:] = [self._world.now()] * used
        for name, value in order.items():
            setattr(account, name, value)
        return Response.json(200, graph_account_json(account))

    async def _map_public_url(self, request: Request) -> Response:
        order = _texts(request, "base", "to")
        self._world.map_public_url(order["base"], order["to"])
        return Response.json(201, {"public_urls": self._world.graph.public_urls})

    async def _log_in(self, request: Request) -> Response:
        return login_page(request.query, self._world)

    async def _open_login_app(self, request: Request) -> Response:
        order = _texts(request, "id")
        self._world.graph.open_login_app(order["id"])
        return Response.json(201, {"id": order["id"]})

    async def _set_facebook_app(self, request: Request) -> Response:
        order = _texts(request, "id", "secret")
        self._world.facebook_app(order["id"], order["secret"])
        return Response.json(201, {"id": order["id"]})

    def _account(self, ig_user_id: str) -> GraphAccount:
        account = self._world.graph.find(ig_user_id)
        if account is None:
            raise BadInput("ig_user_id has to be that of a connected account", 404)
        return account


def _login_method(given: object) -> LoginMethod:
    for method in SCOPES:
        if given == method:
            return method
    raise BadInput(f"login_method has to be one of {', '.join(SCOPES)}")


def _texts(request: Request, *names: str) -> JsonObject:
    """A JSON object that has exactly these values, all of them text."""
    order = object_in(request)
    check_types(order, dict.fromkeys(names, (str,)))
    if len(order) < len(names):
        raise BadInput(f"this takes {' and '.join(names)}")
    return order
