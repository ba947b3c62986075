"""The Worker's modules as they lie beside this file, and what Cloudflare is told of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

MAIN = "index.js"
_MODULES = (
    MAIN, "lane.js", "steps.js", "graph.js", "tally.js", "mirror.js", "media.js", "bucket.js",
    "rows.js", "shelf.js", "registry.js", "seal.js",
)  # fmt: skip
_CLASSES = ["Lane", "Registry"]
_COMPATIBILITY_DATE = "2026-06-01"
# A new one is needed when classes are added: never change an old step.
TAG = "v1"


@cache
def modules() -> Mapping[str, bytes]:
    """Return the modules by name."""
    folder = files("cloud") / "worker"
    return {name: (folder / name).read_bytes() for name in _MODULES}


@cache
def version() -> str:
    """Return what tells this Worker from another: a digest of its modules."""
    digest = hashlib.sha256()
    for name, code in sorted(modules().items()):
        digest.update(name.encode() + b"\0" + code + b"\0")
    return digest.hexdigest()[:12]


def metadata(
    *,
    texts: Mapping[str, str],
    secrets: Mapping[str, str],
    namespace_id: str | None,
    bucket: str | None,
    tag: str | None,
) -> dict[str, Any]:
    """Return the upload's metadata.

    `tag` is the migration tag of the script that is there, None for the first upload; secrets that
    are not named here are kept as they are.
    """
    bindings: list[dict[str, str]] = [
        {"type": "durable_object_namespace", "name": "LANES", "class_name": "Lane"},
        {"type": "durable_object_namespace", "name": "REGISTRY", "class_name": "Registry"},
    ]
    if namespace_id:
        bindings.append({"type": "kv_namespace", "name": "KV", "namespace_id": namespace_id})
    if bucket:
        bindings.append({"type": "r2_bucket", "name": "MEDIA", "bucket_name": bucket})
    bindings += [{"type": "plain_text", "name": n, "text": text} for n, text in texts.items()]
    bindings += [{"type": "secret_text", "name": n, "text": text} for n, text in secrets.items()]
    told: dict[str, Any] = {
        "main_module": MAIN,
        "compatibility_date": _COMPATIBILITY_DATE,
        "bindings": bindings,
        "keep_bindings": ["secret_text"],
        "observability": {"enabled": True},
    }
    if tag != TAG:
        migration: dict[str, Any] = {"new_tag": TAG, "steps": [{"new_sqlite_classes": _CLASSES}]}
        if tag:
            migration["old_tag"] = tag
        told["migrations"] = migration
    return told
