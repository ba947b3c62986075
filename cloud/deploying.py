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

NAME = "reprise-worker"
_NAMESPACE, _BUCKET = "reprise-kv", "reprise-media"
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


_SCRIPTS, _KV, _R2 = "Workers Scripts: Edit", "Workers KV Storage: Edit", "Workers R2 Storage: Edit"
_ZONE = "Zone: Read, and Workers Routes: Edit, for that zone"


async def deploy(
    api: CloudflareApi,
    account_id: str,
    keys: Keys,
    *,
    base: str = API,
    domain: str | None = None,
    domain_before: str | None = None,
    graph_version: str,
    steps: Steps | None = None,
) -> Deployed:
    """Upload the Worker with what it needs; what is there already is kept, its data too.

    `domain` is an address of the user's own that leads to it, in the place of `domain_before`.
    Raises `CloudflareError`; a deploy that was broken off is taken up by the next one: each step
    looks at what is there.
    """
    steps = steps or Steps()
    subdomain = await _subdomain(api, steps)
    async with steps.step("KV namespace", _KV) as did:
        namespace = await api.namespace(_NAMESPACE)
        did.append("there already" if namespace else "made")
        namespace = namespace or await api.make_namespace(_NAMESPACE)
    async with steps.step("R2 bucket", _R2) as did:
        bucket = _BUCKET if await api.has_bucket(_BUCKET) else None
        did.append("there" if bucket else "R2 is not activated, so media lie in the Worker's rows")
    url = worker_url(base, subdomain)
    texts = {
        "GRAPH_VERSION": graph_version,
        "VERSION": worker_code.version(),
        "PUBLIC_URL": domain or url,
    }
    async with steps.step("Worker", _SCRIPTS) as did:
        tag = await api.script_tag(NAME)
        await _upload(api, tag, texts=texts, keys=keys, namespace=namespace, bucket=bucket)
        did.append("uploaded" if tag is None else "brought up to date, its data and secrets kept")
    async with steps.step("Address", _SCRIPTS) as did:
        await api.publish(NAME)
        did.append(url)
    if domain is not None:
        await _lead(api, domain, steps)
    if domain_before is not None and domain_before != domain:
        await _let_go(api, steps, but=domain)
    async with steps.step("Cron", _SCRIPTS) as did:
        await api.set_crons(NAME, [CRON])
        did.append("every minute; a new one takes up to 15 minutes to begin")
    return Deployed(account_id, url, worker_code.version(), bucket, tag is None, domain)


async def _subdomain(api: CloudflareApi, steps: Steps) -> str:
    async with steps.step("Name below workers.dev", _SCRIPTS) as did:
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


async def _lead(api: CloudflareApi, domain: str, steps: Steps) -> None:
    async with steps.step("Domain", _ZONE) as did:
        host = urlsplit(domain).hostname or ""
        zone = await api.zone_of(host)
        if zone is None:
            did.append(f"{host} is in no zone of this account, so lead it to the Worker yourself")
        else:
            await api.lead_domain(NAME, host, zone)
            did.append(f"{host} leads to the Worker")


async def _let_go(api: CloudflareApi, steps: Steps, *, but: str | None = None) -> None:
    """Let the user's own addresses lead to the Worker no more."""
    async with steps.step("Domain", _ZONE) as did:
        kept = but and urlsplit(but).hostname
        for number, host in await api.domains(NAME):
            if host != kept:
                await api.let_domain_go(number)
                did.append(f"{host} leads to the Worker no more")


async def remove(
    api: CloudflareApi, steps: Steps | None = None, *, has_domain: bool = False
) -> None:
    """Remove the Worker with all that it holds, as far as it ever came, and what was made for it.

    A bucket that still holds something stays: what is in it may be dear to somebody.
    """
    steps = steps or Steps()
    if has_domain:
        await _let_go(api, steps)
    async with steps.step("Worker", _SCRIPTS) as did:
        is_there = await api.script_tag(NAME) is not None
        if is_there:
            await api.remove_script(NAME)
        did.append("removed with all that it held" if is_there else "gone already")
    async with steps.step("KV namespace", _KV) as did:
        namespace = await api.namespace(_NAMESPACE)
        if namespace is not None:
            await api.remove_namespace(namespace)
        did.append("removed" if namespace else "gone already")
    async with steps.step("R2 bucket", _R2) as did:
        is_gone = await api.remove_bucket(_BUCKET)
        did.append("removed" if is_gone else f"{_BUCKET} still holds files, so it stays")


def worker_url(base: str, subdomain: str) -> str:
    """Return where a deployed Worker answers."""
    if base == API:
        return f"https://{NAME}.{subdomain}.workers.dev"
    # A simulated Cloudflare has its Workers behind its own door.
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}/workers/{NAME}.{subdomain}"
