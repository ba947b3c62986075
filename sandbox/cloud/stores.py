"""KV and R2 as `workerd` asks for them over HTTP (its kv and r2 bindings), kept as files."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio

from sandbox.wire.message import Data, FilePart, JsonObject, Request, Response

_NO_SUCH_KEY = (404, 10007, "The specified key does not exist.")
_NO_SUCH_UPLOAD = (400, 10024, "The specified multipart upload does not exist.")
_NO_SUCH_PART = (400, 10025, "One or more of the specified parts could not be found.")
_TOO_SMALL = (400, 10011, "Your proposed upload is smaller than the minimum allowed object size.")
_UNEVEN = (400, 10048, "All non-trailing parts must have the same length.")
_LEAST_PART = 5 * 1024 * 1024
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
                self._path(asked["object"]).write_bytes(value)
                return self._kept(asked["object"], asked)
            case "delete":
                names = [asked["object"]] if "object" in asked else asked["objects"]
                for name in names:
                    self.remove(name)
                return Response()
            case "createMultipartUpload":
                upload = secrets.token_urlsafe(24)
                self._upload(upload).mkdir()
                about = {name: asked.get(name) for name in ("object", "httpFields", "customFields")}
                (self._upload(upload) / "about.json").write_text(json.dumps(about))
                return Response.json(200, {"uploadId": upload})
        return self._of_upload(asked, value)

    def _of_upload(self, asked: JsonObject, value: bytes) -> Response:
        """Answer what is asked of an upload in parts."""
        folder = self._upload(asked.get("uploadId", ""))
        about = _about_upload(folder)
        if about is None or about["object"] != asked["object"]:
            return _refused(*_NO_SUCH_UPLOAD)
        match asked["method"]:
            case "uploadPart":
                etag = secrets.token_hex(8)
                for before in folder.glob(f"{asked['partNumber']}.*"):
                    before.unlink()
                (folder / f"{asked['partNumber']}.{etag}").write_bytes(value)
                return Response.json(200, {"etag": etag})
            case "abortMultipartUpload":
                shutil.rmtree(folder)
                return Response()
            case "completeMultipartUpload":
                return self._completed(folder, asked, about)
        return _refused(400, 10001, f"The sandbox's R2 does not know {asked['method']}")

    def _completed(self, folder: Path, asked: JsonObject, about: JsonObject) -> Response:
        parts = [folder / f"{part['part']}.{part['etag']}" for part in asked["parts"]]
        if not parts or not all(part.is_file() for part in parts):
            return _refused(*_NO_SUCH_PART)
        sizes = [part.stat().st_size for part in parts]
        if len(set(sizes[:-1])) > 1 or sizes[-1] > sizes[0]:
            return _refused(*_UNEVEN)
        if len(sizes) > 1 and sizes[0] < _LEAST_PART:
            return _refused(*_TOO_SMALL)
        with self._path(asked["object"]).open("wb") as whole:
            for part in parts:
                with part.open("rb") as file:
                    shutil.copyfileobj(file, whole)
        shutil.rmtree(folder)
        return self._kept(asked["object"], about)

    def _kept(self, name: str, about: JsonObject) -> Response:
        """Note what is known of an object beside its bytes, and tell it."""
        known = {
            "name": name,
            "http": about.get("httpFields") or {},
            "custom": about.get("customFields") or [],
        }
        self._path(name).with_suffix(".json").write_text(json.dumps(known))
        return Response.json(200, self._object(name))

    def uploads(self) -> list[str]:
        """Return the uploads in parts that are neither completed nor aborted."""
        return sorted(path.name for path in self.directory.glob("upload-*"))

    def _upload(self, upload: str) -> Path:
        return self.directory / f"upload-{upload}"

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

    def size(self, name: str) -> int:
        """Return how many bytes an object has."""
        return self._path(name).stat().st_size

    def remove(self, name: str) -> None:
        """Remove an object, if it is there."""
        self._path(name).unlink(missing_ok=True)
        self._path(name).with_suffix(".json").unlink(missing_ok=True)

    def put(self, name: str, value: bytes) -> None:
        """Put an object there, as somebody else does than the Worker."""
        self._path(name).write_bytes(value)
        self._kept(name, {})

    def _list(self, prefix: str) -> Response:
        objects = [self._object(name) for name in self.names(prefix)]
        meta = json.dumps({"objects": objects, "truncated": False, "delimitedPrefixes": []})
        headers = (("cf-r2-metadata-size", str(len(meta.encode()))),)
        return Response(body=Data(meta.encode()), headers=headers)

    def _object(self, name: str) -> JsonObject:
        path = self._path(name)
        known = json.loads(path.with_suffix(".json").read_text())
        return {
            "name": name,
            "version": "1",
            "size": path.stat().st_size,
            "etag": hashlib.md5(name.encode(), usedforsecurity=False).hexdigest(),
            "uploaded": int(path.stat().st_mtime * 1000),
            "httpFields": known["http"],
            "customFields": known["custom"],
            "checksums": {},
        }

    def _path(self, name: str) -> Path:
        return self.directory / hashlib.sha256(name.encode()).hexdigest()


def _about_upload(folder: Path) -> JsonObject | None:
    try:
        about: JsonObject = json.loads((folder / "about.json").read_text())
    except FileNotFoundError:
        return None
    return about


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
