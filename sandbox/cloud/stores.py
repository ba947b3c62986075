"""KV and R2 as `workerd` asks for them over HTTP (its kv and r2 bindings), kept as files."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio

from sandbox.wire.message import Data, FilePart, JsonObject, Request, Response

_NO_SUCH_KEY = (404, 10007, "The specified key does not exist.")
_WRONG_DIGEST = (400, 10037, "The SHA-256 checksum you specified did not match what we received.")


@dataclass(frozen=True, slots=True)
class Kv:
    """One namespace: each value lies beside what is known of it."""

    directory: Path

    async def answer(self, request: Request) -> Response:
        """Answer what a binding asks: GET, PUT and DELETE of a key, GET of `/` for the list."""
        name = request.path[1:]
        match request.method:
            case "GET" if not name:
                return Response.json(200, self.listed(request.query))
            case "GET":
                about = self._about(name)
                return Response(404) if about is None else Response(body=Data(self._value(name)))
            case "PUT":
                self._put(name, request)
                return Response()
            case "DELETE":
                self._path(name).unlink(missing_ok=True)
                self._path(name).with_suffix(".json").unlink(missing_ok=True)
                return Response()
        return Response(405)

    def listed(self, query: Any) -> JsonObject:
        """Return the keys that begin with `query["prefix"]`, at most a thousand from its cursor."""
        prefix, cursor = query.get("prefix", ""), query.get("cursor", "")
        most = int(query.get("key_count_limit") or query.get("limit") or 1000)
        every = sorted(
            (about for path in self.directory.glob("*.json") if (about := _read(path))),
            key=lambda about: str(about["name"]),
        )
        rest = [each for each in every if each["name"].startswith(prefix) and each["name"] > cursor]
        page = rest[:most]
        whole = len(page) == len(rest)
        return {
            "keys": page,
            "list_complete": whole,
            "cursor": "" if whole else page[-1]["name"],
        }

    def value(self, name: str) -> bytes | None:
        """Return what a key holds, None where there is no such key."""
        return None if self._about(name) is None else self._value(name)

    def _about(self, name: str) -> JsonObject | None:
        return _read(self._path(name).with_suffix(".json"))

    def _value(self, name: str) -> bytes:
        return self._path(name).read_bytes()

    def _put(self, name: str, request: Request) -> None:
        about: JsonObject = {"name": name}
        if "expiration_ttl" in request.query:
            about["expiration"] = int(time.time()) + int(request.query["expiration_ttl"])
        elif "expiration" in request.query:
            about["expiration"] = int(request.query["expiration"])
        if metadata := request.headers.get("cf-kv-metadata"):
            about["metadata"] = json.loads(metadata)
        path = self._path(name)
        path.write_bytes(request.body.read())
        path.with_suffix(".json").write_text(json.dumps(about))

    def _path(self, name: str) -> Path:
        return self.directory / hashlib.sha256(name.encode()).hexdigest()


def _read(path: Path) -> JsonObject | None:
    try:
        about: JsonObject = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return about if about.get("expiration", float("inf")) > time.time() else None


@dataclass(frozen=True, slots=True)
class R2:
    """One bucket."""

    directory: Path

    async def answer(self, request: Request) -> Response:
        """Answer what a binding asks: what it wants is JSON, in a header or before the value."""
        if request.method == "PUT":
            return await trio.to_thread.run_sync(self._write, request)
        asked = json.loads(request.headers["cf-r2-request"])
        return self._read(asked)

    def _write(self, request: Request) -> Response:
        size = int(request.headers["cf-r2-metadata-size"])
        sent = request.body.read()
        asked, value = json.loads(sent[:size]), sent[size:]
        match asked["method"]:
            case "put":
                wanted = asked.get("sha256")
                if wanted and wanted != hashlib.sha256(value).hexdigest():
                    return _refused(*_WRONG_DIGEST)
                path = self._path(asked["object"])
                path.write_bytes(value)
                about = {"name": asked["object"], "http": asked.get("httpFields") or {}}
                path.with_suffix(".json").write_text(json.dumps(about))
                return Response.json(200, self._object(asked["object"]))
            case "delete":
                names = [asked["object"]] if "object" in asked else asked["objects"]
                for name in names:
                    self._path(name).unlink(missing_ok=True)
                    self._path(name).with_suffix(".json").unlink(missing_ok=True)
                return Response()
        return _refused(400, 10001, f"The sandbox's R2 does not know {asked['method']}")

    def _read(self, asked: JsonObject) -> Response:
        if asked["method"] == "list":
            return self._list(asked.get("prefix") or "")
        if asked["method"] not in ("head", "get"):
            return _refused(400, 10001, f"The sandbox's R2 does not know {asked['method']}")
        path = self._path(asked["object"])
        if not path.is_file():
            return _refused(*_NO_SUCH_KEY)
        about = self._object(asked["object"])
        size, start, length = path.stat().st_size, 0, path.stat().st_size
        if ranged := asked.get("range"):
            if "suffix" in ranged:
                start = max(0, size - int(ranged["suffix"]))
            else:
                start = int(ranged.get("offset", 0))
            length = min(int(ranged.get("length", size)), size - start)
            about["range"] = {"offset": start, "length": length}
        meta = json.dumps(about).encode()
        headers = (("cf-r2-metadata-size", str(len(meta))),)
        if asked["method"] == "head":
            return Response(body=Data(meta), headers=headers)
        return Response(body=_After(meta, FilePart(path, start, length)), headers=headers)

    def names(self, prefix: str = "") -> list[str]:
        """Return the names of the objects that begin with `prefix`."""
        every = (json.loads(path.read_text())["name"] for path in self.directory.glob("*.json"))
        return sorted(name for name in every if name.startswith(prefix))

    def _list(self, prefix: str) -> Response:
        objects = [self._object(name) for name in self.names(prefix)]
        meta = json.dumps({"objects": objects, "truncated": False, "delimitedPrefixes": []})
        headers = (("cf-r2-metadata-size", str(len(meta.encode()))),)
        return Response(body=Data(meta.encode()), headers=headers)

    def _object(self, name: str) -> JsonObject:
        path = self._path(name)
        return {
            "name": name,
            "version": "1",
            "size": path.stat().st_size,
            "etag": hashlib.md5(name.encode(), usedforsecurity=False).hexdigest(),
            "uploaded": int(path.stat().st_mtime * 1000),
            "httpFields": json.loads(path.with_suffix(".json").read_text())["http"],
            "customFields": [],
            "checksums": {},
        }

    def _path(self, name: str) -> Path:
        return self.directory / hashlib.sha256(name.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _After:
    """A part of a file behind what is known of it."""

    head: bytes
    part: FilePart

    @property
    def length(self) -> int:
        return len(self.head) + self.part.length

    def chunks(self, size: int) -> Any:
        yield self.head
        yield from self.part.chunks(size)


def _refused(status: int, code: int, message: str) -> Response:
    error = json.dumps({"version": 1, "v4code": code, "message": message})
    return Response(status, headers=(("cf-r2-error", error),))
