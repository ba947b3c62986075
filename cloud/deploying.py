"""Bringing the Worker into the user's Cloudflare account, step by step, as often as one likes."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cloud import API, worker_code
from cloud.cloudflare_api import CloudflareApi, Upload

NAME = "reprise-worker"
_NAMESPACE, _BUCKET = "reprise-kv", "reprise-media"
CRON = "*/1 * * * *"


@dataclass(frozen=True, slots=True)
class Keys:
    """The Worker's three secrets, made here and kept in the vault: nobody reads them back."""

    encryption: str = field(repr=False)
    media: str = field(repr=False)
    worker: str = field(repr=False)

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
    """Where the Worker is and what it has. `bucket` None: media lie in its own rows."""

    account_id: str
    url: str
    version: str
    bucket: str | None
    is_new: bool


async def deploy(
    api: CloudflareApi,
    account_id: str,
    keys: Keys,
    *,
    base: str = API,
    domain: str | None = None,
    graph_version: str,
) -> Deployed:
    """Upload the Worker with what it needs; what is there already is kept, its data too.

    `domain` is an address of the user's own that leads to it. Raises `CloudflareError`; a deploy
    that was broken off is taken up by the next one.
    """
    subdomain = await api.subdomain() or await api.take_subdomain(f"reprise-{secrets.token_hex(4)}")
    url = domain or worker_url(base, subdomain)
    namespace = await api.namespace(_NAMESPACE) or await api.make_namespace(_NAMESPACE)
    bucket = _BUCKET if await api.has_bucket(_BUCKET) else None
    tag = await api.script_tag(NAME)
    texts = {"GRAPH_VERSION": graph_version, "VERSION": worker_code.version(), "PUBLIC_URL": url}
    metadata = worker_code.metadata(
        texts=texts, secrets=keys.as_secrets(), namespace_id=namespace, bucket=bucket, tag=tag
    )
    await api.upload(NAME, Upload(worker_code.modules(), metadata))
    await api.publish(NAME)
    await api.set_crons(NAME, [CRON])
    return Deployed(account_id, url, worker_code.version(), bucket, is_new=tag is None)


async def remove(api: CloudflareApi) -> None:
    """Remove the Worker with all that it holds, and its namespace; a bucket stays."""
    if await api.script_tag(NAME) is not None:
        await api.remove_script(NAME)
    namespace = await api.namespace(_NAMESPACE)
    if namespace is not None:
        await api.remove_namespace(namespace)


def worker_url(base: str, subdomain: str) -> str:
    """Return where a deployed Worker answers."""
    if base == API:
        return f"https://{NAME}.{subdomain}.workers.dev"
    # A simulated Cloudflare has its Workers behind its own door.
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}/workers/{NAME}.{subdomain}"
