"""What every answer tells a browser: what it is, not to keep it, and to run nothing in it."""

from __future__ import annotations

from api.app import BASE_PATH, operations
from tests.support.posting import upload
from tests.support.served import Answer, Served

NOBODY = "00000000-0000-4000-8000-000000000000"
PAGES = ("/api", "/login", "/login?code=x", "/health", "/ready", "/metrics", "/build", "/deps",
         "/m/x", "/uploads/x", "/api/docs", "/api/docs/swagger-ui.css",
         "/api/docs/swagger-ui-bundle.js", "/api/docs/favicon-32x32.png", "/api/docs/x",
         f"{BASE_PATH}/openapi.json")  # fmt: skip
KEPT = ("/uploads/", "/api/docs/")


def guarded(answer: Answer, about: object) -> None:
    headers = answer.headers
    for name in ("x-content-type-options", "cache-control", "content-security-policy"):
        assert len(headers.get_list(name)) == 1, (about, name)
    assert headers["x-content-type-options"] == "nosniff", about
    assert headers["referrer-policy"] == "no-referrer", about
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'"), about
    assert "frame-ancestors 'none'" in policy, about
    is_kept = any(str(about).startswith(path) for path in KEPT) and answer.status == 200
    caching = headers["cache-control"]
    assert ("private" in caching) if is_kept else ("no-store" in caching), about
    assert ("set-cookie" not in headers) or not is_kept


async def test_every_answer_is_guarded(served: Served) -> None:
    media = (await upload(served, served.studio.photo(360, 640))).body
    home = (await served.call("GET", "/", key=None)).headers  # a page, with a policy of its own
    assert home["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in home["content-security-policy"]
    assert {"private", "no-store"} & set(home["cache-control"].split(", "))
    for path in (*PAGES, media["previewUrl"]):
        for method in ("GET", "HEAD", "POST"):
            for key in ("", None):
                guarded(await served.call(method, path, key=key), path)
    for operation in operations():
        path = BASE_PATH + operation.path.replace("<accountId>", NOBODY).replace("<id>", NOBODY)
        for key in ("", None, "vg_live_" + "x" * 43):
            answer = await served.call(operation.method, path, {}, key=key)
            guarded(answer, operation.name)
        guarded(await served.call("PATCH", path), operation.name)
    guarded(await served.call("GET", "/health", headers={"Host": "evil.example"}), "host")
    await served.sign_in()
    guarded(await served.call("GET", f"{BASE_PATH}/auth/me", key=None), "cookie")
