"""What one Cloudflare account holds: namespaces, buckets, scripts; and how it refuses."""

from __future__ import annotations

import email.parser
import email.policy
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud.workerd import Script
from sandbox.wire.message import JsonObject

_MODULES = ("application/javascript+module", "application/javascript")


class Refused(Exception):
    """Cloudflare's refusal: an HTTP status with a code and a message of its own."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(slots=True)
class Uploaded:
    """A Worker as its account knows it."""

    name: str
    modules: Mapping[str, str]
    main: str
    bindings: dict[str, JsonObject]
    migration_tag: str | None
    classes: list[str]
    etag: str
    created_on: str
    modified_on: str
    schedules: list[JsonObject] = field(default_factory=list)
    subdomain: JsonObject = field(default_factory=lambda: {"enabled": False})

    def script(self) -> Script:
        """Return it as `workerd` runs it."""

        def bound(kind: str, value: str) -> dict[str, str]:
            return {n: b[value] for n, b in self.bindings.items() if b["type"] == kind}

        return Script(
            name=self.name,
            main=self.main,
            modules=self.modules,
            texts={**bound("plain_text", "text"), **bound("secret_text", "text")},
            objects=bound("durable_object_namespace", "class_name"),
            kv=list(bound("kv_namespace", "namespace_id")),
            r2=list(bound("r2_bucket", "bucket_name")),
        )


@dataclass(slots=True)
class CloudAccount:
    """One account, its token and what was made in it."""

    id: str = "0123456789abcdef0123456789abcdef"
    name: str = "Anna's Account"
    token: str = field(default="sandbox-cloudflare-token", repr=False)
    subdomain: str | None = None
    has_r2: bool = True
    standing: str = "active"  # of the token
    # Of an account's own token, /user knows nothing.
    owns_token: bool = False
    zones: dict[str, str] = field(default_factory=dict)
    domains: dict[str, JsonObject] = field(default_factory=dict)
    namespaces: dict[str, str] = field(default_factory=dict)
    buckets: dict[str, JsonObject] = field(default_factory=dict)
    scripts: dict[str, Uploaded] = field(default_factory=dict)

    def script(self, name: str) -> Uploaded:
        if name not in self.scripts:
            raise Refused(404, 10007, "workers.api.error.script_not_found")
        return self.scripts[name]

    def make_namespace(self, title: str) -> JsonObject:
        if title in self.namespaces.values():
            raise Refused(400, 10014, "a namespace with this account ID and title already exists")
        number = secrets.token_hex(16)
        self.namespaces[number] = title
        return {"id": number, "title": title, "supports_url_encoding": True}

    def check_r2(self) -> None:
        if not self.has_r2:
            raise Refused(403, 10042, "Please enable R2 through the Cloudflare Dashboard.")

    def bucket(self, name: str) -> JsonObject:
        self.check_r2()
        if name not in self.buckets:
            raise Refused(404, 10006, "The specified bucket does not exist.")
        return self.buckets[name]

    def make_bucket(self, name: str) -> JsonObject:
        if name in self.buckets:
            raise Refused(
                409, 10004, "The bucket you tried to create already exists, and you own it."
            )
        self.buckets[name] = {
            "name": name,
            "creation_date": now(),
            "location": "weur",
            "storage_class": "Standard",
        }
        return self.buckets[name]

    def upload(self, name: str, body: bytes, content_type: str) -> Uploaded:
        """Take a script's modules and metadata; its objects and secrets stay as `metadata` says."""
        parts = _parts(body, content_type)
        try:
            metadata = json.loads(parts.pop("metadata")[1])
        except (KeyError, ValueError):
            raise Refused(400, 10021, "There is no metadata part") from None
        modules = {n: text.decode() for n, (kind, text) in parts.items() if kind in _MODULES}
        main = metadata.get("main_module")
        if main not in modules:
            raise Refused(400, 10021, f"No such module: {main}")
        old = self.scripts.get(name)
        bindings = self._bindings(metadata, old)
        tag, classes = _migrated(metadata.get("migrations"), old)
        for bound in bindings.values():
            if bound["type"] == "durable_object_namespace" and bound["class_name"] not in classes:
                why = (
                    f"Cannot create binding for class '{bound['class_name']}': no migration made it"
                )
                raise Refused(400, 10061, why)
        digest = hashlib.sha256(json.dumps(modules, sort_keys=True).encode()).hexdigest()
        uploaded = Uploaded(
            name, modules, main, bindings, tag, classes, digest, now(), now()
        )  # fmt: skip
        if old is not None:
            uploaded.created_on, uploaded.schedules = old.created_on, old.schedules
            uploaded.subdomain = old.subdomain
        self.scripts[name] = uploaded
        return uploaded

    def _bindings(self, metadata: JsonObject, old: Uploaded | None) -> dict[str, JsonObject]:
        before = old.bindings if old else {}
        bindings = {bound["name"]: bound for bound in metadata.get("bindings", [])}
        for name, bound in bindings.items():
            match bound["type"]:
                case "inherit" if name in before:
                    bindings[name] = before[name]
                case "kv_namespace" if bound["namespace_id"] not in self.namespaces:
                    raise Refused(400, 10041, f"KV namespace '{bound['namespace_id']}' not found.")
                case "r2_bucket" if bound["bucket_name"] not in self.buckets:
                    raise Refused(400, 10085, f"R2 bucket '{bound['bucket_name']}' not found.")
        for name, bound in before.items():
            if bound["type"] in metadata.get("keep_bindings", []):
                bindings.setdefault(name, bound)
        return bindings


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _migrated(migration: Any, old: Uploaded | None) -> tuple[str | None, list[str]]:
    tag = old.migration_tag if old else None
    classes = list(old.classes) if old else []
    if not migration:
        return tag, classes
    if migration.get("old_tag") != tag:
        raise Refused(412, 10079, f"Migration tag precondition failed; current tag is {tag}")
    for step in migration.get("steps", [migration]):
        classes += [name for name in step.get("new_sqlite_classes", []) if name not in classes]
    return migration["new_tag"], classes


def _parts(body: bytes, content_type: str) -> dict[str, tuple[str, bytes]]:
    """Return the parts of a multipart body by file name, or by name where there is none."""
    head = b"content-type: " + content_type.encode() + b"\r\n\r\n"
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    parts = {}
    for part in message.iter_parts():
        name = part.get_filename() or part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        parts[str(name)] = (part.get_content_type(), content if isinstance(content, bytes) else b"")
    return parts
