"""A page of somebody else's on this machine, in a signed-in browser, as a program.

It tries to make the daemon write with the user's cookie, in every way that a page has. Of its own
for the reason that `tests.support.browser` gives. Reads its task as JSON from standard input:
`browser`, `logins` (links of the daemons to sign in at) and `writes` (method and address each), all
of the first daemon. Prints as JSON what our own pages were answered before, between and after.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright

from tests.support.browser import FLAGS

# With and without a body; what a page may send unasked, and what a browser asks about first.
ATTACK = """async ([method, url, number]) => {
  const body = JSON.stringify({all: true, username: "evil", name: "evil"});
  const quietly = async (options) => {
    try { await fetch(url, {method, credentials: "include", ...options}); } catch {}
  };
  await quietly({});
  await quietly({headers: {"Content-Type": "application/json"}, body});
  await quietly({headers: {"X-Requested-With": "XMLHttpRequest"}});
  if (method !== "POST") return;
  await quietly({mode: "no-cors"});
  await quietly({mode: "no-cors", body});
  await quietly({mode: "no-cors", body: new URLSearchParams({all: "true"})});
  await quietly({mode: "no-cors", body: new Blob([body], {type: "text/plain"})});
  const form = new FormData();
  form.append("file", new Blob(["GIF89a"], {type: "image/gif"}), "a.gif");
  await quietly({mode: "no-cors", body: form});
  navigator.sendBeacon(url, body);
  // Frames are dear: one for each address, the three kinds of forms in turn.
  const kinds = ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"];
  const frame = document.createElement("iframe");
  frame.name = "f" + number;
  document.body.append(frame);
  const made = document.createElement("form");
  const enctype = kinds[number % kinds.length];
  Object.assign(made, {method: "post", action: url, enctype, target: frame.name});
  const field = document.createElement("input");
  Object.assign(field, {name: body.slice(0, -1) + ', "x": "', value: '"}'});
  made.append(field);
  document.body.append(made);
  made.submit();
}"""
CHECK = "async () => (await (await fetch('/api/v1/auth/check')).json()).authenticated"
LOG_OUT = """async () =>
  (await (await fetch('/api/v1/auth/logout', {method: 'POST'})).json()).success"""


class _Blank(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title>")

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


def main() -> None:
    """Do what standard input asks for."""
    task = json.load(sys.stdin)
    elsewhere = ThreadingHTTPServer(("127.0.0.1", 0), _Blank)
    Thread(target=elsewhere.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=task["browser"], args=FLAGS)
        page = browser.new_page()
        for link in task["logins"]:
            page.goto(link)
            page.wait_for_url("**/")  # it leads to the page by itself
        homes = [f"http://{urlsplit(link).netloc}/api/docs" for link in task["logins"]]
        before = [_told(page, home, CHECK) for home in homes]
        page.goto(f"http://127.0.0.1:{elsewhere.server_port}/")
        for number, (method, url) in enumerate(task["writes"]):
            page.evaluate(ATTACK, [method, url, number])
        page.wait_for_load_state("networkidle")
        after = [_told(page, home, CHECK) for home in homes]
        signed_out = _told(page, homes[0], LOG_OUT)
        last = [_told(page, home, CHECK) for home in homes]
        names = sorted(cookie["name"] for cookie in page.context.cookies())
        browser.close()
    seen = {"before": before, "after": after, "signed_out": signed_out, "last": last}
    sys.stdout.write(json.dumps({**seen, "cookies": names}))


def _told(page: Page, home: str, script: str) -> Any:
    page.goto(home)
    return page.evaluate(script)


if __name__ == "__main__":
    main()
