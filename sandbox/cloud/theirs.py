"""What only Cloudflare's own tools ask of the management API: `wrangler` beside its uploads."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sandbox.cloud.account import CloudAccount
from sandbox.wire.message import JsonObject, Request

Handler = Callable[..., Awaitable[Any]]
SCRIPT = r"/accounts/me/workers/scripts/([\w-]+)"


@dataclass(frozen=True, slots=True)
class Theirs:
    """Answers for one account; an upload and a removal are the management API's own."""

    account: CloudAccount
    upload: Handler
    remove: Handler

    def routes(self) -> tuple[tuple[str, str, Handler], ...]:
        service = r"/accounts/me/workers/services/([\w-]+)"
        return (
            ("GET", "/user", self._user),
            ("GET", "/memberships", self._memberships),
            ("GET", service, self._service),
            ("DELETE", service, self.remove),
            ("GET", rf"{SCRIPT}/settings", self._settings),
            ("PATCH", rf"{SCRIPT}/script-settings", self._script_settings),
            ("GET", rf"{SCRIPT}/(?:deployments|versions)", self._deployments),
            ("POST", rf"{SCRIPT}/versions", self._upload_version),
            ("POST", rf"{SCRIPT}/deployments", self._deploy_version),
            ("GET", r"/accounts/me/workers/workers/([\w-]+)", self._worker),
            ("GET", "/accounts/me/workers/durable_objects/namespaces", self._objects),
            ("GET", r"/accounts/me/r2/buckets/([\w-]+)", self._bucket),
        )

    async def _user(self, _request: Request) -> JsonObject:
        return {"id": "u1", "email": "anna@example.com"}

    async def _memberships(self, _request: Request) -> list[JsonObject]:
        return [{"id": "m1", "account": {"id": self.account.id, "name": self.account.name}}]

    async def _service(self, _request: Request, name: str) -> JsonObject:
        script = {
            "id": name,
            "migration_tag": self.account.script(name).migration_tag,
            "tag": "t",
            "last_deployed_from": "wrangler",
        }
        environment = {"environment": "production", "script": script}
        return {"id": name, "default_environment": environment}

    async def _settings(self, _request: Request, name: str) -> JsonObject:
        script = self.account.script(name)
        shown = [
            {key: value for key, value in bound.items() if bound["type"] != "secret_text"}
            | {"name": bound["name"], "type": bound["type"]}
            for bound in script.bindings.values()
        ]
        return {"bindings": shown, "migration_tag": script.migration_tag}

    async def _script_settings(self, _request: Request, name: str) -> JsonObject:
        self.account.script(name)
        return {"logpush": False, "tags": []}

    async def _deployments(self, _request: Request, name: str) -> JsonObject:
        self.account.script(name)
        return {"deployments": [], "items": []}

    async def _upload_version(self, request: Request, name: str) -> JsonObject:
        done = await self.upload(request, name)
        return {
            "id": str(uuid.uuid4()),
            "number": 2,
            "startup_time_ms": done["startup_time_ms"],
            "resources": {"script": {"etag": done["etag"]}},
        }

    async def _deploy_version(self, _request: Request, name: str) -> JsonObject:
        self.account.script(name)
        return {"id": str(uuid.uuid4())}

    async def _worker(self, _request: Request, name: str) -> JsonObject:
        script = self.account.script(name)
        url = f"https://{name}.{self.account.subdomain}.workers.dev"
        return {"id": name, "name": name, "subdomain": {**script.subdomain, "url": url}}

    async def _objects(self, _request: Request) -> list[JsonObject]:
        return [
            {"id": uuid.uuid4().hex, "script": name, "class": made, "use_sqlite": True}
            for name, script in self.account.scripts.items()
            for made in script.classes
        ]

    async def _bucket(self, _request: Request, name: str) -> JsonObject:
        return self.account.bucket(name)
