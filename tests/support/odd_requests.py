"""Requests that are well formed as HTTP and odd in everything else."""

from __future__ import annotations

from tests.support.posting import API

NOBODY = "00000000-0000-4000-8000-000000000000"
DRAFT = f"{API}/posts/draft"


def request(
    target: str | bytes, *headers: str | bytes, method: str = "GET", content: bytes | None = None
) -> bytes:
    lines = [b"Host: localhost", *map(_bytes, headers)]
    if content is not None:
        lines.append(b"Content-Length: %d" % len(content))
    head = b"\r\n".join([method.encode() + b" " + _bytes(target) + b" HTTP/1.1", *lines])
    return head + b"\r\n\r\n" + (content or b"")


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


def odd_requests(key: str, stored: str) -> dict[str, bytes]:
    """Return requests that are well formed as HTTP, by what is odd about them."""
    bearer = f"Authorization: Bearer {key}"
    paths = (
        "/%00",
        "/%",
        "/%zz",
        "/%ff",
        "/%ed%a0%80",
        "/%c0%ae%c0%ae/",
        "/../..",
        "/%2e%2e/%2e%2e",
        "/..%2f",
        "//",
        "///api/v1",
        "/api//v1",
        "/./api",
        "/a;b=c",
        "/*",
        "/\\",
        "/%5c..",
        "/api/v1/%00",
        "/" + "a" * 60_000,
        "/api/v1/" + "a/" * 20_000,
        "/%0d%0aSet-Cookie:x",
        "/%E2%80%AE",
        "/login/../api/v1/posts",
        "/#",
        "/|",
        "/^",
        "/`",
        "/{}",
        "/<id>",
    )
    found = {f"path {path[:40]}": request(path, bearer) for path in paths}
    for word in (
        "%00",
        "%ff",
        "%ed%a0%80",
        "..%2f..",
        "x" * 5_000,
        "%0a%1b%5b2J",
        "0",
        "-1",
        "%20",
    ):
        for target in (
            f"{API}/posts/{word}",
            f"{API}/media/{word}",
            f"/uploads/{word}",
            f"/m/{word}",
            f"/api/docs/{word}",
            f"/login?code={word}",
        ):
            found[f"word {target[:40]}"] = request(target, bearer)
        found[f"retry {word[:20]}"] = request(
            f"{API}/posts/{word}/retry", bearer, method="POST", content=b""
        )
    for query in (
        "limit=%ff",
        "limit=%D9%A5",
        "limit=1e3",
        "limit=" + "9" * 5_000,
        "limit=0x5",
        "limit=+5",
        "limit=5&limit=6",
        "&&&",
        "=",
        "a",
        "%",
        "%00=%00",
        "status=%ed%a0%80",
        "page=-1",
        "page=" + "9" * 30,
        "limit[]=5",
        "accountId=%00",
        "a=" + "b" * 50_000,
        "&".join(f"p{n}=1" for n in range(5_000)),
    ):
        found[f"query {query[:30]}"] = request(f"{API}/posts?{query}", bearer)
        found[f"media {query[:30]}"] = request(f"{API}/media?{query}", bearer)
    for method in (
        "HEAD",
        "OPTIONS",
        "TRACE",
        "PUT",
        "PATCH",
        "DELETE",
        "PROPFIND",
        "BREW",
        "get",
        "M" + "A" * 2_000,
        "!#$%",
    ):
        for target in ("/", f"{API}/posts", "/health", f"/uploads/{stored}", "/login", "/m/x"):
            found[f"{method[:20]} {target}"] = request(target, bearer, method=method)
    nested, name = b"[" * 40_000 + b"]" * 40_000, b'{"accountId":"%s","mediaType":"IMAGE",%s}'
    contents = {
        "nothing": b"",
        "deep lists": nested,
        "deep objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        "deep in a field": name % (NOBODY.encode(), b'"caption":' + nested),
        "lone surrogate": name % (NOBODY.encode(), b'"caption":"\\ud800"'),
        "surrogates as UTF-8": name % (NOBODY.encode(), b'"caption":"\xed\xa0\x80"'),
        "invalid UTF-8": name % (b"\xff\xfe", b'"caption":"x"'),
        "mark first": b"\xef\xbb\xbf{}",
        "UTF-16": "{}".encode("utf-16"),
        "NUL": b"{}\0",
        "two documents": b"{}{}",
        "NaN": name % (NOBODY.encode(), b'"caption":NaN'),
        "infinity": name % (NOBODY.encode(), b'"caption":-Infinity'),
        "huge number": name % (NOBODY.encode(), b'"userTags":' + b"9" * 5_000),
        "huge exponent": name % (NOBODY.encode(), b'"userTags":[{"username":"a","x":1e999999}]'),
        "doubled name": b'{"accountId":"a","accountId":"%s","mediaType":"IMAGE"}' % NOBODY.encode(),
        "escaped names": b'{"\\u0061ccountId":"x"}',
        "odd names": b'{"":1,"\\u0000":2,"__proto__":3}',
        "comment": b"{/**/}",
        "single quotes": b"{'a':1}",
        "comma": b'{"a":1,}',
        "number": b"1" * 5_000,
        "NUL in text": name % (b"\\u0000", b'"caption":"\\u0000"'),
    }
    for what, content in contents.items():
        found[f"body {what}"] = request(
            DRAFT, bearer, "Content-Type: application/json", method="POST", content=content
        )
        found[f"config {what}"] = request(
            f"{API}/story-repost/config", bearer, method="POST", content=content
        )
    for kind in (
        "",
        "x",
        "application/json; charset=utf-16",
        "application/json;;;",
        "a/b;c=" + "d" * 9_000,
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "application/x-www-form-urlencoded",
        b"\xff/\xfe",
        "application/json, text/plain",
        'multipart/form-data; boundary="a\\"b"',
    ):
        line = b"Content-Type: " + _bytes(kind)
        found[f"type {kind[:30]!r}"] = request(DRAFT, bearer, line, method="POST", content=b"{}")
        found[f"upload {kind[:30]!r}"] = request(
            f"{API}/media/upload", bearer, line, method="POST", content=b"--a\r\n\r\nx\r\n--a--"
        )
    deep = "W1tb" * 11_000
    for cookie in (
        "session=",
        "session=a.b.c",
        f"session={deep}.{deep[:9]}.x",
        b"session=\xff\xfe",
        'session="\\303\\050"',
        "session=" + "." * 500,
        "=;;;=",
        "session",
        "session=eyJ9.e30.",
        "session=a; session=b",
        "session=" + deep[:504] + ".x.y",
    ):
        found[f"cookie {cookie[:30]!r}"] = request(f"{API}/posts", b"Cookie: " + _bytes(cookie))
    for name_of, values in {
        "Authorization": (
            b"",
            b"Bearer",
            b"Bearer \xff",
            b"Bearer vg_live_" + b"\xfc" * 43,
            b"Basic x",
            b"Bearer " + b"x" * 50_000,
        ),
        "X-Request-ID": (b"\xff", b"x" * 9_000),
        "Origin": (b"\xff", b"null", b"http://[", b"x" * 9_000),
        "Accept": (b"\xff", b"*/*;q=x", b"," * 5_000),
        "Accept-Encoding": (b"\xff;q=-1",),
        "Range": (b"\xff", b"bytes=" + b"9" * 9_000 + b"-", b"bytes=" + b"0-0," * 5_000),
        "If-None-Match": (b"\xff", b'"', b"*", b'W/"' + b"x" * 9_000),
        "If-Match": (b"*", b'"x"', b"\xff"),
        "If-Range": (b"\xff", b'"x"', b"W/", b"0"),
        "If-Modified-Since": (
            b"Mon, 01 Jan 9999 00:00:00 -9999",
            b"Fri, 31 Dec 0000 00:00:00 GMT",
            b"Sat, 32 Foo 99999999999 99:99:99 GMT",
            b"0",
            b"\xff",
        ),
        "If-Unmodified-Since": (b"x",),
        "Expect": (b"100-continue", b"200-ok", b"\xff"),
        "Forwarded": (b"for=\xff",),
        "X-Forwarded-For": (b"1.1.1.1",),
        "TE": (b"trailers",),
        "Content-Encoding": (b"gzip",),
        "Upgrade": (b"websocket", b"h2c"),
        "Connection": (b"Upgrade", b"x"),
        "Sec-Fetch-Site": (b"\xff",),
        "Referer": (b"\xff",),
        "Date": (b"x",),
        "Trailer": (b"x",),
    }.items():
        for value in values:
            line = name_of.encode() + b": " + value
            found[f"{line[:40]!r}"] = request(f"/uploads/{stored}", bearer, line)
            found[f"posts {line[:40]!r}"] = request(f"{API}/posts", bearer, line)
    upgrade = (
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    for target in ("/x", f"{API}/posts", "/health", "/login?code=x"):
        found[f"websocket {target}"] = request(target, *upgrade)
        found[f"h2c {target}"] = request(
            target, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMA"
        )
    return found
