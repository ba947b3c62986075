"""Cloudflare's management API: as much of it as bringing one Worker there takes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter

from cloud import API
from cloud.asking import CloudflareRefused, Line

LIMIT_S = 30.0

# Cloudflare's own codes
NO_SUBDOMAIN = 10007
NAMESPACE_EXISTS = 10014
R2_NOT_ACTIVATED = 10042
WRONG_MIGRATION_TAG = 10079
_TAG_NOW = re.compile(r"current tag is (\S+?)[.,]?$")


class _Named(BaseModel):
    id: str
    name: str | None = None


class _Token(BaseModel):
    status: str


class _Subdomain(BaseModel):
    subdomain: str


class _Namespace(BaseModel):
    id: str
    title: str


class _Script(BaseModel):
    id: str
    migration_tag: str | None = None


class _Schedule(BaseModel):
    cron: str
    modified_on: str | None = None


class _Schedules(BaseModel):
    schedules: list[_Schedule] = []


class _Zone(BaseModel):
    id: str
    name: str


class _Domain(BaseModel):
    id: str
    hostname: str
    service: str


class _Bucket(BaseModel):
    name: str


class _Published(BaseModel):
    enabled: bool


class _Object(BaseModel):
    key: str
    size: int = 0


_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
_ACCOUNTS = TypeAdapter(list[_Named])
_TOKEN = TypeAdapter(_Token)
_SUBDOMAIN = TypeAdapter(_Subdomain)
_NAMESPACE = TypeAdapter(_Namespace)
_NAMESPACES = TypeAdapter(list[_Namespace])
_SCRIPTS = TypeAdapter(list[_Script])
_SCHEDULES = TypeAdapter(_Schedules)
_ZONES = TypeAdapter(list[_Zone])
_SCRIPT = TypeAdapter(_Script)
_PUBLISHED = TypeAdapter(_Published)
_BUCKET = TypeAdapter(_Bucket)
_DOMAIN = TypeAdapter(_Domain)
_DOMAINS = TypeAdapter(list[_Domain])
_OBJECTS = TypeAdapter(list[_Object])


@dataclass(frozen=True, slots=True)
class Upload:
    """What is uploaded of a Worker: modules by name, and Cloudflare's metadata of them."""

    modules: Mapping[str, bytes]
    metadata: Mapping[str, Any]


def client_of(token: str, base: str = API, limit_s: float = LIMIT_S) -> httpx.AsyncClient:
    """Return a client that sends `token`, and waits for an answer so long; close it afterwards."""
    return httpx.AsyncClient(
        base_url=base,
        headers={"authorization": f"Bearer {token}"},
        timeout=limit_s,
        # Reading the machine's certificates takes long, and a simulated one has none.
        verify=base.startswith("https:"),
        follow_redirects=False,
    )


async def accounts(line: Line) -> list[tuple[str, str]]:
    """Return the accounts that the token is for, each with its name; raises `CloudflareError`."""
    found = await line.ask("GET", "/accounts?per_page=50", _ACCOUNTS)
    return [(each.id, each.name or each.id) for each in found]


async def token_status(line: Line, account_id: str) -> str:
    """Return what Cloudflare says of the token: active, disabled or expired.

    There are tokens of people and tokens of accounts; each is known at one of two places.
    """
    try:
        return (await line.ask("GET", "/user/tokens/verify", _TOKEN)).status
    except CloudflareRefused as refused:
        if refused.status not in (401, 403, 404) and not refused.is_about_the_token:
            raise
        path = f"/accounts/{account_id}/tokens/verify"
        return (await line.ask("GET", path, _TOKEN)).status


class CloudflareApi:
    """One account. Every method raises `CloudflareError`s only, and may be called again."""

    def __init__(self, line: Line, account_id: str) -> None:
        self._line = line
        self._account = f"/accounts/{account_id}"

    async def subdomain(self) -> str | None:
        """Return the account's name below workers.dev, None where it has none yet."""
        path = f"{self._account}/workers/subdomain"
        try:
            return (await self._line.ask("GET", path, _SUBDOMAIN)).subdomain
        except CloudflareRefused as refused:
            if NO_SUBDOMAIN in refused.codes:
                return None
            raise

    async def take_subdomain(self, name: str) -> str:
        path = f"{self._account}/workers/subdomain"
        asked = {"subdomain": name}
        return (await self._line.ask("PUT", path, _SUBDOMAIN, body=asked)).subdomain

    async def namespace(self, title: str) -> str | None:
        """Return the id of the KV namespace with that title."""
        page, seen = 1, set[str]()
        path = f"{self._account}/storage/kv/namespaces"
        while found := await self._line.ask("GET", f"{path}?per_page=100&page={page}", _NAMESPACES):
            for each in found:
                if each.title == title:
                    return each.id
            if seen.issuperset(each.id for each in found):
                break  # whoever knows no pages gives the first one for ever
            seen.update(each.id for each in found)
            page += 1
        return None

    async def make_namespace(self, title: str) -> str:
        path = f"{self._account}/storage/kv/namespaces"
        try:
            return (await self._line.ask("POST", path, _NAMESPACE, body={"title": title})).id
        except CloudflareRefused as refused:
            # The answer to an earlier try was lost.
            found = await self.namespace(title) if NAMESPACE_EXISTS in refused.codes else None
            if found is None:
                raise
            return found

    async def remove_namespace(self, number: str) -> None:
        await self._gone(f"{self._account}/storage/kv/namespaces/{number}")

    async def has_bucket(self, name: str) -> bool | None:
        """Say whether there is a bucket of that name; None where R2 is not activated."""
        try:
            await self._line.ask("GET", self._bucket(name), _BUCKET)
        except CloudflareRefused as refused:
            if R2_NOT_ACTIVATED in refused.codes:
                return None
            if refused.status != 404:
                raise
            return False
        return True

    async def make_bucket(self, name: str) -> bool:
        """Make a bucket; False where R2 is not activated."""
        path = f"{self._account}/r2/buckets"
        try:
            await self._line.ask("POST", path, _BUCKET, body={"name": name})
        except CloudflareRefused as refused:
            if R2_NOT_ACTIVATED in refused.codes:
                return False
            # The answer to an earlier try was lost: look, whatever code says so.
            if refused.status != 409 or not await self.has_bucket(name):
                raise
        return True

    async def objects(self, bucket: str) -> list[tuple[str, int]]:
        """Return the first thousand names in a bucket, each with its size; none of none."""
        try:
            found = await self._line.ask(
                "GET", f"{self._bucket(bucket)}/objects?per_page=1000", _OBJECTS
            )
        except CloudflareRefused as refused:
            if refused.status != 404:
                raise
            return []
        return [(each.key, each.size) for each in found]

    async def remove_object(self, bucket: str, name: str) -> None:
        await self._gone(f"{self._bucket(bucket)}/objects/{quote(name, safe='/')}")

    async def remove_bucket(self, name: str) -> None:
        """Remove an empty bucket."""
        await self._gone(self._bucket(name))

    def _bucket(self, name: str) -> str:
        return f"{self._account}/r2/buckets/{name}"

    async def script_tag(self, name: str) -> str | None:
        """Return the migration tag of a script: None where there is no such script, '' without."""
        for each in await self._line.ask("GET", f"{self._account}/workers/scripts", _SCRIPTS):
            if each.id == name:
                return each.migration_tag or ""
        return None

    async def upload(self, name: str, upload: Upload) -> None:
        files: dict[str, Any] = {
            "metadata": (None, json.dumps(upload.metadata).encode(), "application/json")
        }
        for module, code in upload.modules.items():
            files[module] = (module, code, "application/javascript+module")
        path = f"{self._script(name)}?excludeScript=true"
        await self._line.ask("PUT", path, _SCRIPT, files=files)

    async def publish(self, name: str) -> None:
        """Let the script answer below workers.dev."""
        enabled = {"enabled": True, "previews_enabled": False}
        await self._line.ask("POST", f"{self._script(name)}/subdomain", _PUBLISHED, body=enabled)

    async def zone_of(self, host: str) -> str | None:
        """Return the id of the account's zone in which a host name lies, None where none is."""
        labels = host.split(".")
        for first in range(len(labels) - 1):
            zone = ".".join(labels[first:])
            for found in await self._line.ask("GET", f"/zones?name={zone}", _ZONES):
                if found.name == zone:
                    return found.id
        return None

    async def lead_domain(self, name: str, host: str, zone: str) -> None:
        """Let a host name of one of the account's zones lead to the script."""
        asked = {"hostname": host, "service": name, "zone_id": zone}
        await self._line.ask("PUT", f"{self._account}/workers/domains", _DOMAIN, body=asked)

    async def domain(self, host: str, name: str) -> str | None:
        """Return the id of a host name that leads to the script, None where it does not."""
        path = f"{self._account}/workers/domains?hostname={host}"
        for found in await self._line.ask("GET", path, _DOMAINS):
            if (found.hostname, found.service) == (host, name):
                return found.id
        return None

    async def unlead_domain(self, number: str) -> None:
        await self._gone(f"{self._account}/workers/domains/{number}")

    async def set_crons(self, name: str, crons: Sequence[str]) -> None:
        rows = [{"cron": cron} for cron in crons]
        await self._line.ask("PUT", f"{self._script(name)}/schedules", _SCHEDULES, body=rows)

    async def crons(self, name: str) -> list[tuple[str, str | None]]:
        """Return the script's schedules, each with when it was changed last."""
        found = await self._line.ask("GET", f"{self._script(name)}/schedules", _SCHEDULES)
        return [(each.cron, each.modified_on) for each in found.schedules]

    async def remove_script(self, name: str) -> None:
        """Remove a script with its objects and what they hold."""
        await self._gone(f"{self._script(name)}?force=true")

    async def _gone(self, path: str) -> None:
        """Delete what may be gone already: the answer to an earlier try was lost."""
        try:
            await self._line.ask("DELETE", path, _ANYTHING)
        except CloudflareRefused as refused:
            if refused.status != 404:
                raise

    def _script(self, name: str) -> str:
        return f"{self._account}/workers/scripts/{name}"


def tag_told(refused: CloudflareRefused) -> str | None:
    """Return the migration tag that a script has, where an upload was refused for another one."""
    if WRONG_MIGRATION_TAG not in refused.codes:
        return None
    found = _TAG_NOW.search(refused.said.partition(" (code")[0])
    return found.group(1) if found else None
