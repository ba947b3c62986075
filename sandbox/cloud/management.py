"""Cloudflare's management API, as far as a Worker is deployed, looked at and removed by it.

The shapes are those that Cloudflare's own clients take. What is asked is recorded, without bodies.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any, Protocol
from urllib.parse import unquote

from sandbox.cloud.account import CloudAccount, Refused, now
from sandbox.cloud.stores import R2, Kv
from sandbox.cloud.theirs import Theirs
from sandbox.wire.message import Data, JsonObject, Request, Response

PREFIX = "/client/v4"
_TOKEN_ID = "ed17574386854bf78a67040be0a770b0"  # noqa: S105 - what it is called
Handler = Callable[..., Awaitable[Any]]


class Runs(Protocol):
    """Who runs what was uploaded."""

    async def run(self, name: str) -> int:
        """Start a script anew; returns how many milliseconds it took."""

    async def halt(self, name: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Management:
    """Answers for one account."""

    account: CloudAccount
    runs: Runs
    kv: Kv
    r2: R2
    asked: list[tuple[str, str, int]]

    async def answer(self, request: Request) -> Response:
        response = await self._answered(request)
        return replace(response, headers=(*response.headers, ("date", formatdate(usegmt=True))))

    async def _answered(self, request: Request) -> Response:
        path = request.path.removeprefix(PREFIX).rstrip("/")
        try:
            self._check_token(request)
            result = await self._routed(request, path)
        except Refused as refused:
            self.asked.append((request.method, path, refused.status))
            errors = [{"code": refused.code, "message": refused.message}]
            return Response.json(refused.status, _envelope(None, errors))
        self.asked.append((request.method, path, 200))
        if isinstance(result, Data):
            return Response(200, result)
        if isinstance(result, list) and int(request.query.get("page", 1)) > 1:
            result = []  # clients read until a page is empty
        return Response.json(200, _envelope(result, []))

    def _check_token(self, request: Request) -> None:
        sent = request.headers.get("authorization")
        if sent is None:
            raise Refused(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        if sent != f"Bearer {self.account.token}":
            raise Refused(401, 10000, "Authentication error")

    async def _routed(self, request: Request, path: str) -> Any:
        path = path.replace(f"/accounts/{self.account.id}", "/accounts/me", 1)
        for method, pattern, handler in self._routes():
            if method == request.method and (found := re.fullmatch(pattern, path)):
                return await handler(request, *found.groups())
        raise Refused(404 if request.method == "GET" else 405, 7003, f"Could not route to {path}")

    def _routes(self) -> tuple[tuple[str, str, Handler], ...]:
        script = r"/accounts/me/workers/scripts/([\w-]+)"
        spaces = "/accounts/me/storage/kv/namespaces"
        return (
            ("GET", r"(/user|/accounts/me)/tokens/verify", self._verify),
            ("GET", "/accounts", self._accounts),
            ("GET", "/zones", self._zones),
            ("GET", "/accounts/me/workers/domains", self._domains),
            ("PUT", "/accounts/me/workers/domains", self._lead_domain),
            ("DELETE", r"/accounts/me/workers/domains/(\w+)", self._unlead_domain),
            ("GET", "/accounts/me/workers/subdomain", self._subdomain),
            ("PUT", "/accounts/me/workers/subdomain", self._take_subdomain),
            ("GET", spaces, self._namespaces),
            ("POST", spaces, self._make_namespace),
            ("DELETE", rf"{spaces}/(\w+)", self._remove_namespace),
            ("GET", rf"{spaces}/(\w+)/keys", self._keys),
            ("GET", rf"{spaces}/(\w+)/values/(.+)", self._value),
            ("GET", "/accounts/me/r2/buckets", self._buckets),
            ("POST", "/accounts/me/r2/buckets", self._make_bucket),
            ("DELETE", r"/accounts/me/r2/buckets/([\w-]+)", self._remove_bucket),
            ("GET", r"/accounts/me/r2/buckets/([\w-]+)/objects", self._objects),
            ("DELETE", r"/accounts/me/r2/buckets/([\w-]+)/objects/(.+)", self._remove_object),
            ("GET", "/accounts/me/workers/scripts", self._scripts),
            ("PUT", script, self._upload),
            ("DELETE", script, self._remove),
            ("GET", rf"{script}/secrets", self._secrets),
            ("PUT", rf"{script}/secrets", self._set_secret),
            ("GET", rf"{script}/schedules", self._schedules),
            ("PUT", rf"{script}/schedules", self._set_schedules),
            ("GET", rf"{script}/subdomain", self._published),
            ("POST", rf"{script}/subdomain", self._publish),
            *Theirs(self.account, self._upload, self._remove).routes(),
        )

    async def _verify(self, _request: Request, whose: str) -> JsonObject:
        if self.account.owns_token is (whose == "/user"):
            raise Refused(401, 1000, "Invalid API Token")
        return {"id": _TOKEN_ID, "status": self.account.standing}

    async def _accounts(self, _request: Request) -> list[JsonObject]:
        return [{"id": self.account.id, "name": self.account.name, "type": "standard"}]

    async def _zones(self, request: Request) -> list[JsonObject]:
        wanted = request.query.get("name")
        return [
            {"id": number, "name": name}
            for name, number in self.account.zones.items()
            if wanted in (None, name)
        ]

    async def _domains(self, request: Request) -> list[JsonObject]:
        wanted = request.query.get("hostname")
        return [each for host, each in self.account.domains.items() if wanted in (None, host)]

    async def _unlead_domain(self, _request: Request, number: str) -> None:
        for host, each in self.account.domains.items():
            if each["id"] == number:
                del self.account.domains[host]
                return
        raise Refused(404, 100116, "domain not found")

    async def _lead_domain(self, request: Request) -> JsonObject:
        asked = _json(request)
        host, script = str(asked["hostname"]), self.account.script(str(asked["service"]))
        zones = [
            name
            for name, number in self.account.zones.items()
            if number == asked["zone_id"] and (host == name or host.endswith(f".{name}"))
        ]
        if not zones:
            raise Refused(400, 100117, "Hostname is not in the zone")
        self.account.domains[host] = {
            "id": hashlib.sha256(host.encode()).hexdigest()[:40],
            "cert_id": hashlib.sha256(b"certificate" + host.encode()).hexdigest()[:36],
            "hostname": host,
            "service": script.name,
            "environment": "production",
            "zone_id": asked["zone_id"],
            "zone_name": zones[0],
        }
        return self.account.domains[host]

    async def _subdomain(self, _request: Request) -> JsonObject:
        if self.account.subdomain is None:
            raise Refused(404, 10007, "workers.api.error.not_found")
        return {"subdomain": self.account.subdomain}

    async def _take_subdomain(self, request: Request) -> JsonObject:
        self.account.subdomain = str(_json(request)["subdomain"])
        return {"subdomain": self.account.subdomain}

    async def _namespaces(self, _request: Request) -> list[JsonObject]:
        return [
            {"id": number, "title": title, "supports_url_encoding": True}
            for number, title in self.account.namespaces.items()
        ]

    async def _make_namespace(self, request: Request) -> JsonObject:
        return self.account.make_namespace(str(_json(request)["title"]))

    async def _remove_namespace(self, _request: Request, number: str) -> JsonObject:
        if self.account.namespaces.pop(number, None) is None:
            raise Refused(404, 10013, "namespace not found")
        return {}

    async def _keys(self, request: Request, number: str) -> list[JsonObject]:
        if number not in self.account.namespaces:
            raise Refused(404, 10013, "list keys: 'namespace not found'")
        keys: list[JsonObject] = self.kv.listed(request.query)["keys"]
        return keys

    async def _value(self, _request: Request, _number: str, name: str) -> Data:
        value = self.kv.value(name)
        if value is None:
            raise Refused(404, 10009, "get: 'key not found'")
        return Data(value)

    async def _buckets(self, _request: Request) -> JsonObject:
        self.account.check_r2()
        return {"buckets": list(self.account.buckets.values())}

    async def _make_bucket(self, request: Request) -> JsonObject:
        self.account.check_r2()
        return self.account.make_bucket(str(_json(request)["name"]))

    async def _remove_bucket(self, _request: Request, name: str) -> None:
        self.account.bucket(name)
        if self.r2.names():
            raise Refused(409, 10008, "The bucket you tried to delete is not empty.")
        del self.account.buckets[name]

    async def _objects(self, request: Request, name: str) -> list[JsonObject]:
        self.account.bucket(name)
        most = int(request.query.get("per_page", 20))
        return [{"key": key, "size": self.r2.size(key)} for key in self.r2.names()[:most]]

    async def _remove_object(self, _request: Request, name: str, key: str) -> JsonObject:
        self.account.bucket(name)
        self.r2.remove(unquote(key))
        return {"key": unquote(key)}

    async def _scripts(self, _request: Request) -> list[JsonObject]:
        return [
            {"id": each.name, "migration_tag": each.migration_tag}
            for each in self.account.scripts.values()
        ]

    async def _upload(self, request: Request, name: str) -> JsonObject:
        kind = request.headers.get("content-type", "")
        before = self.account.scripts.get(name)
        uploaded = self.account.upload(name, request.body.read(), kind)
        try:
            took_ms = await self.runs.run(name)
        except RuntimeError as error:
            if before is None:
                del self.account.scripts[name]
            else:
                self.account.scripts[name] = before
            raise Refused(400, 10021, f"Uncaught error: {str(error)[-500:]}") from error
        return {
            "id": name,
            "etag": uploaded.etag,
            "created_on": uploaded.created_on,
            "modified_on": uploaded.modified_on,
            "migration_tag": uploaded.migration_tag,
            "startup_time_ms": took_ms,
        }

    async def _remove(self, _request: Request, name: str) -> None:
        self.account.script(name)
        await self.runs.halt(name)
        del self.account.scripts[name]

    async def _secrets(self, _request: Request, name: str) -> list[JsonObject]:
        bindings = self.account.script(name).bindings.values()
        return [
            {"name": bound["name"], "type": bound["type"]}
            for bound in bindings
            if bound["type"] == "secret_text"
        ]

    async def _set_secret(self, request: Request, name: str) -> JsonObject:
        bound = _json(request)
        self.account.script(name).bindings[bound["name"]] = bound
        await self.runs.run(name)
        return {"name": bound["name"], "type": bound["type"]}

    async def _schedules(self, _request: Request, name: str) -> JsonObject:
        return {"schedules": self.account.script(name).schedules}

    async def _set_schedules(self, request: Request, name: str) -> JsonObject:
        asked: Any = _json(request)
        at = now()
        rows = [{"cron": row["cron"], "created_on": at, "modified_on": at} for row in asked]
        self.account.script(name).schedules = rows
        return {"schedules": rows}

    async def _published(self, _request: Request, name: str) -> JsonObject:
        return self.account.script(name).subdomain

    async def _publish(self, request: Request, name: str) -> JsonObject:
        asked = _json(request)
        script = self.account.script(name)
        script.subdomain = {
            "enabled": asked["enabled"],
            "previews_enabled": asked.get("previews_enabled", False),
        }
        return script.subdomain


def _envelope(result: Any, errors: list[JsonObject]) -> JsonObject:
    envelope = {"success": not errors, "errors": errors, "messages": [], "result": result}
    if isinstance(result, list):
        many = len(result)
        envelope["result_info"] = {"page": 1, "per_page": 100, "count": many, "total_count": many}
    return envelope


def _json(request: Request) -> JsonObject:
    try:
        asked: JsonObject = json.loads(request.body.read())
    except ValueError:
        raise Refused(400, 10026, "The body is not JSON") from None
    return asked
