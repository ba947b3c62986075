"""Taking away what was made at Cloudflare, as far as it is there, as often as one likes."""

from __future__ import annotations

import re

from cloud.asking import CloudflareUnreachable
from cloud.cloudflare_api import CloudflareApi
from cloud.deploying import BUCKET_NAME, KV, NAME, NAMESPACE_NAME, R2, SCRIPTS, ZONE, Steps
from cloud.pieces import BUCKET, NAMESPACE, SCRIPT, Pieces, domain

# What the Worker calls its media. Whatever else lies in the bucket is somebody else's.
_OURS = re.compile(r"\d+\.[\w.-]+")
_FOREIGN = "holds what is not Reprise's, and stays"


async def remove(
    api: CloudflareApi, pieces: Pieces, steps: Steps, *, empties_bucket: bool
) -> list[str]:
    """Remove what `pieces` names, the Worker with its data first; returns what is left, in words.

    A bucket with media in it goes only with `empties_bucket`. Raises `CloudflareError`: what is
    gone by then is noted, and the next removal goes on from there.
    """
    if SCRIPT in pieces.names:
        async with steps.step("Worker", SCRIPTS) as did:
            is_there = await api.script_tag(NAME) is not None
            if is_there:
                await api.remove_script(NAME)
            did.append("removed with all that it held" if is_there else "gone already")
        await pieces.gone(SCRIPT)
    for host in pieces.hosts:
        await unlead(api, host, pieces, steps)
    if NAMESPACE in pieces.names:
        async with steps.step("KV namespace", KV) as did:
            namespace = await api.namespace(NAMESPACE_NAME)
            if namespace is not None:
                await api.remove_namespace(namespace)
            did.append("removed" if namespace else "gone already")
        await pieces.gone(NAMESPACE)
    if BUCKET not in pieces.names:
        return []
    async with steps.step("R2 bucket", R2) as did:
        left = await _remove_bucket(api, empties_bucket)
        did.append(left or "removed")
    if left is None:
        await pieces.gone(BUCKET)
        return []
    return [f"The bucket {BUCKET_NAME} {left}"]


async def unlead(api: CloudflareApi, host: str, pieces: Pieces, steps: Steps) -> None:
    """Let a host name lead to the Worker no more, unless it leads elsewhere by now."""
    async with steps.step("Domain", ZONE) as did:
        found = await api.domain(host, NAME)
        if found is not None:
            await api.unlead_domain(found)
        did.append(f"{host} does not lead to the Worker any more")
    await pieces.gone(domain(host))


async def _remove_bucket(api: CloudflareApi, empties: bool) -> str | None:
    """Remove the bucket; returns why it stays, if so."""
    if not await api.has_bucket(BUCKET_NAME):
        return None
    removed = set[str]()
    while found := await api.objects(BUCKET_NAME):
        ours = [name for name, _size in found if _OURS.fullmatch(name)]
        if ours and removed.issuperset(ours):
            raise CloudflareUnreachable("Files of the bucket are removed and still listed")
        if not empties:
            size_mb = sum(size for _name, size in found) / 1_000_000
            return f"stays, with {len(found)} files ({size_mb:.1f} MB) in it"
        if not ours:
            return _FOREIGN
        for name in ours:
            await api.remove_object(BUCKET_NAME, name)
        removed.update(ours)
    await api.remove_bucket(BUCKET_NAME)
    return None
