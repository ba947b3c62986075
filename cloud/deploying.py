"""Bringing the Worker into the user's Cloudflare account, step by step, as often as one likes."""

from __future__ import annotations

import base64
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cloud import API, worker_code
from cloud.asking import CloudflareError, CloudflareRefused, Tell, silently
from cloud.cloudflare_api import CloudflareApi, Upload, tag_told
from cloud.pieces import BUCKET, NAMESPACE, SCRIPT, Pieces
from cloud.pieces import domain as domain_piece

NAME = "reprise-worker"
NAMESPACE_NAME, BUCKET_NAME = "reprise-kv", "reprise-media"
CRON = "*/1 * * * *"


@dataclass(frozen=True, slots=True)
class Keys:
    """The Worker's three secrets, made here and kept in the vault: nobody reads them back."""

    encryption: str = field(repr=False)
    media: str = field(repr=False)
    worker: str = field(repr=False)
    # What the Worker may still know instead, while that one is being changed.
    worker_before: str | None = field(default=None, repr=False)

    @classmethod
    def fresh(cls) -> Keys:
        return cls(
            encryption=base64.b64encode(secrets.token_bytes(32)).decode(),
            media=secrets.token_hex(32),
            worker=secrets.token_urlsafe(32),
        )

    def as_secrets(self) -> Mapping[str, str]:
        return {
            "ENCRYPTION_KEY": self.encryption,
            "MEDIA_KEY": self.media,
            "WORKER_TOKEN": self.worker,
        }


@dataclass(frozen=True, slots=True)
class Deployed:
    """Where the Worker is and what it has. `bucket` None: media lie in its own rows; `domain` is
    where Meta fetches, if that is another address than ours."""

    account_id: str
    url: str
    version: str
    bucket: str | None
    is_new: bool
    domain: str | None = None


@dataclass(slots=True)
class Steps:
    """What was done so far, in words; each is told when it is done."""

    tell: Tell = silently
    done: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def step(self, doing: str, needs: str | None = None) -> AsyncIterator[list[str]]:
        """Do one step; the yielded list takes what came of it. Its errors name the step."""
        outcome: list[str] = []
        try:
            yield outcome
        except CloudflareError as error:
            error.during(doing, needs)
            raise
        words = f"{doing}: {', '.join(outcome) or 'done'}"
        self.done.append(words)
        await self.tell(words)


SCRIPTS, KV, R2 = "Workers Scripts: Edit", "Workers KV Storage: Edit", "Workers R2 Storage: Edit"
ZONE = "Zone: Read, and Workers Routes: Edit, for that zone"


async def deploy(
    api: CloudflareApi,
    account_id: str,
    keys: Keys,
    *,
    base: str = API,
    domain: str | None = None,
    graph_version: str,
    steps: Steps | None = None,
    pieces: Pieces | None = None,
) -> Deployed:
    """Upload the Worker with what it needs; what is there already is kept, its data too.

    `domain` is an address of the user's own that leads to it; `pieces` hears of what is made.
    Raises `CloudflareError`; a deploy that was broken off is taken up by the next one: each step
    looks at what is there.
    """
    steps, pieces = steps or Steps(), pieces or Pieces()
    subdomain = await _subdomain(api, steps)
    async with steps.step("KV namespace", KV) as did:
        namespace = await api.namespace(NAMESPACE_NAME)
        did.append("there already" if namespace else "made")
        if namespace is None:
            await pieces.making(NAMESPACE)
            namespace = await api.make_namespace(NAMESPACE_NAME)
    bucket = await _bucket(api, steps, pieces)
    url = worker_url(base, subdomain)
    texts = {
        "GRAPH_VERSION": graph_version,
        "VERSION": worker_code.version(),
        "PUBLIC_URL": domain or url,
    }
    async with steps.step("Worker", SCRIPTS) as did:
        tag = await api.script_tag(NAME)
        await pieces.making(SCRIPT)
        await _upload(api, tag, texts=texts, keys=keys, namespace=namespace, bucket=bucket)
        did.append("uploaded" if tag is None else "brought up to date, its data and secrets kept")
    async with steps.step("Address", SCRIPTS) as did:
        await api.publish(NAME)
        did.append(url)
    if domain is not None:
        await _lead(api, domain, steps, pieces)
    async with steps.step("Cron", SCRIPTS) as did:
        await api.set_crons(NAME, [CRON])
        did.append("every minute; a new one takes up to 15 minutes to begin")
    return Deployed(account_id, url, worker_code.version(), bucket, tag is None, domain)


async def _subdomain(api: CloudflareApi, steps: Steps) -> str:
    async with steps.step("Name below workers.dev", SCRIPTS) as did:
        found = await api.subdomain()
        taken = found or await api.take_subdomain(f"reprise-{secrets.token_hex(4)}")
        did.append(f"{taken}, {'there already' if found else 'made'}")
    return taken


async def _upload(
    api: CloudflareApi,
    tag: str | None,
    *,
    texts: Mapping[str, str],
    keys: Keys,
    namespace: str,
    bucket: str | None,
) -> None:
    def upload(tag: str | None) -> Upload:
        metadata = worker_code.metadata(
            texts=texts, secrets=keys.as_secrets(), namespace_id=namespace, bucket=bucket, tag=tag
        )
        return Upload(worker_code.modules(), metadata)

    try:
        await api.upload(NAME, upload(tag))
    except CloudflareRefused as refused:
        # The list of scripts does not always tell the tag, and a lost answer may have set it.
        known = tag_told(refused)
        if known is None or known == tag:
            raise
        await api.upload(NAME, upload(known))


async def _bucket(api: CloudflareApi, steps: Steps, pieces: Pieces) -> str | None:
    async with steps.step("R2 bucket", R2) as did:
        is_there = await api.has_bucket(BUCKET_NAME)
        is_made = False
        if is_there is False:
            await pieces.making(BUCKET)
            is_made = await api.make_bucket(BUCKET_NAME)
        if is_there or is_made:
            did.append("there already" if is_there else "made")
            return BUCKET_NAME
        did.append("R2 is not activated, so media lie in the Worker's rows")
        return None


async def _lead(api: CloudflareApi, domain: str, steps: Steps, pieces: Pieces) -> None:
    async with steps.step("Domain", ZONE) as did:
        host = host_of(domain)
        zone = await api.zone_of(host)
        if zone is None:
            did.append(f"{host} is in no zone of this account, so lead it to the Worker yourself")
            return
        if await api.domain(host, NAME) is None:
            await pieces.making(domain_piece(host))
            await api.lead_domain(NAME, host, zone)
        did.append(f"{host} leads to the Worker")


def host_of(address: str) -> str:
    """Return the host name in an address."""
    return urlsplit(address).hostname or ""


def worker_url(base: str, subdomain: str) -> str:
    """Return where a deployed Worker answers."""
    if base == API:
        return f"https://{NAME}.{subdomain}.workers.dev"
    # A simulated Cloudflare has its Workers behind its own door.
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}/workers/{NAME}.{subdomain}"
