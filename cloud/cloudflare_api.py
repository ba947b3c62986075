"""Cloudflare's management API over httpx: as much of it as deploying one Worker takes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from cloud import API

_LIMIT_S = 60.0

# Cloudflare's own codes
NO_SUBDOMAIN = 10007
BUCKET_EXISTS = 10004
R2_NOT_ACTIVATED = 10042
WRONG_MIGRATION_TAG = 10079


class CloudflareError(Exception):
    """A request came to nothing; the message is for people, and names no secret."""


class CloudflareUnreachable(CloudflareError):
    """There was no answer, or none that is Cloudflare's."""


class CloudflareRefused(CloudflareError):
    """Cloudflare said no: `status` and its `codes` say why."""

    def __init__(self, status: int, errors: Sequence[Mapping[str, Any]]) -> None:
        self.status = status
        self.codes = [int(error.get("code", 0)) for error in errors]
        said = "; ".join(f"{error.get('message')} (code {error.get('code')})" for error in errors)
        super().__init__(f"Cloudflare answers {status}: {said or 'without a reason'}")


@dataclass(frozen=True, slots=True)
class Upload:
    """What is uploaded of a Worker: modules by name, and Cloudflare's metadata of them."""

    modules: Mapping[str, bytes]
    metadata: Mapping[str, Any]


class CloudflareApi:
    """The account that a token is for. Every method raises `CloudflareError`s only."""

    def __init__(self, client: httpx.AsyncClient, account_id: str) -> None:
        self._client = client
        self._account = f"/accounts/{account_id}"

    @staticmethod
    def client(token: str, base: str = API) -> httpx.AsyncClient:
        """Return a client that sends `token`; close it when the work is done."""
        return httpx.AsyncClient(
            base_url=base,
            headers={"authorization": f"Bearer {token}"},
            timeout=_LIMIT_S,
            follow_redirects=False,
        )

    @staticmethod
    async def accounts(client: httpx.AsyncClient) -> list[tuple[str, str]]:
        """Return the accounts that the token is for, each with its name."""
        await call(client, "GET", "/user/tokens/verify")
        found = await call(client, "GET", "/accounts")
        return [(str(each["id"]), str(each.get("name") or each["id"])) for each in found or []]

    async def subdomain(self) -> str | None:
        """Return the account's name below workers.dev, None where it has none yet."""
        try:
            found = await self._call("GET", "/workers/subdomain")
        except CloudflareRefused as refused:
            if NO_SUBDOMAIN in refused.codes:
                return None
            raise
        return str(found["subdomain"])

    async def take_subdomain(self, name: str) -> str:
        return str(
            (await self._call("PUT", "/workers/subdomain", {"subdomain": name}))["subdomain"]
        )

    async def namespace(self, title: str) -> str | None:
        """Return the id of the KV namespace with that title."""
        page = 1
        while found := await self._call("GET", f"/storage/kv/namespaces?per_page=100&page={page}"):
            for each in found:
                if each["title"] == title:
                    return str(each["id"])
            page += 1
        return None

    async def make_namespace(self, title: str) -> str:
        return str((await self._call("POST", "/storage/kv/namespaces", {"title": title}))["id"])

    async def remove_namespace(self, number: str) -> None:
        await self._call("DELETE", f"/storage/kv/namespaces/{number}")

    async def has_bucket(self, name: str) -> bool:
        """Say whether there is the bucket now, made if need be; False where R2 is not activated."""
        try:
            await self._call("POST", "/r2/buckets", {"name": name})
        except CloudflareRefused as refused:
            if R2_NOT_ACTIVATED in refused.codes:
                return False
            if BUCKET_EXISTS not in refused.codes and refused.status != 409:
                raise
        return True

    async def remove_bucket(self, name: str) -> None:
        await self._call("DELETE", f"/r2/buckets/{name}")

    async def script_tag(self, name: str) -> str | None:
        """Return the migration tag of a script: None where there is no such script, '' without."""
        for each in await self._call("GET", "/workers/scripts") or []:
            if each["id"] == name:
                return str(each.get("migration_tag") or "")
        return None

    async def upload(self, name: str, upload: Upload) -> None:
        files: dict[str, Any] = {
            "metadata": (None, json.dumps(upload.metadata).encode(), "application/json")
        }
        for module, code in upload.modules.items():
            files[module] = (module, code, "application/javascript+module")
        path = f"{self._account}/workers/scripts/{name}?excludeScript=true"
        await call(self._client, "PUT", path, files=files)

    async def publish(self, name: str) -> None:
        """Let the script answer below workers.dev."""
        enabled = {"enabled": True, "previews_enabled": False}
        await self._call("POST", f"/workers/scripts/{name}/subdomain", enabled)

    async def set_crons(self, name: str, crons: Sequence[str]) -> None:
        rows = [{"cron": cron} for cron in crons]
        await self._call("PUT", f"/workers/scripts/{name}/schedules", rows)

    async def crons(self, name: str) -> list[dict[str, Any]]:
        found = await self._call("GET", f"/workers/scripts/{name}/schedules")
        return [dict(row) for row in found.get("schedules") or []]

    async def secrets(self, name: str) -> set[str]:
        """Return the names of a script's secrets; nobody reads their values back."""
        return {
            str(row["name"]) for row in await self._call("GET", f"/workers/scripts/{name}/secrets")
        }

    async def remove_script(self, name: str) -> None:
        """Remove a script with its objects and what they hold."""
        await self._call("DELETE", f"/workers/scripts/{name}?force=true")

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        return await call(self._client, method, self._account + path, body=body)


async def call(
    client: httpx.AsyncClient, method: str, path: str, *, body: Any = None, files: Any = None
) -> Any:
    """Send one request and return its `result`."""
    where = path.partition("?")[0]
    try:
        answer = await client.request(method, path, json=body, files=files)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Its words may hold the request.
        raise CloudflareUnreachable(f"No answer from Cloudflare ({type(error).__name__})") from None
    try:
        said = answer.json()
        succeeded = said["success"]
    except (ValueError, KeyError, TypeError):
        raise CloudflareUnreachable(
            f"{method} {where}: {answer.status_code}, and not in Cloudflare's form"
        ) from None
    if not succeeded or not answer.is_success:
        raise CloudflareRefused(answer.status_code, said.get("errors") or [])
    return said.get("result")
