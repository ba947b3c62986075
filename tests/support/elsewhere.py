"""A page of somebody else's on this machine, in a signed-in browser, as a program.

It tries to make the daemon write with the user's cookie, in every way that a page has. Of its own
for the reason that `tests.support.browsing` gives. Reads its task as JSON from standard input:
`browser`, `logins` (links of the daemons to sign in at), `writes` (method and address each), all of
the first daemon, and `all`, whether each is tried in every way. Prints as JSON what our own pages
were answered before, between and after.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright

from tests.support.browsing import FLAGS

# With and without a body; what a browser asks about first, and what a page may send unasked. Each
# address is tried in one way of both, in turn, or in all.
ATTACK = """async ([method, url, number, all]) => {
  const body = JSON.stringify({all: true, username: "evil", name: "evil"});
  const file = new FormData();
  file.append("file", new Blob(["GIF89a"], {type: "image/gif"}), "a.gif");
  const sent = (way) => () =>
    fetch(url, {method, credentials: "include", ...way}).catch(() => {});
  const blind = (body) => sent({mode: "no-cors", body});
  const submitted = (enctype) => () => new Promise((answered) => {
    const frame = document.createElement("iframe");
    const form = document.createElement("form");
    const field = document.createElement("input");
    frame.name = "f" + number;
    Object.assign(form, {method: "post", action: url, enctype, target: frame.name});
    Object.assign(field, {name: body.slice(0, -1) + ', "x": "', value: '"}'});
    form.append(field);
    document.body.append(frame, form);
    frame.onload = () => { frame.remove(); form.remove(); answered(); };
    form.submit();
  });
  const asked = [
    sent({}),
    sent({headers: {"Content-Type": "application/json"}, body}),
    sent({headers: {"X-Requested-With": "XMLHttpRequest"}}),
  ];
  const unasked = method !== "POST" ? [] : [
    ...[undefined, body, new URLSearchParams({all: "true"}), file].map(blind),
    blind(new Blob([body], {type: "text/plain"})),
    async () => navigator.sendBeacon(url, body),
    ...["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"].map(submitted),
  ];
  const chosen = (ways) => (all ? ways : ways.filter((_, n) => n === number % ways.length));
  for (const way of [...chosen(asked), ...chosen(unasked)]) await way();
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
        homes = [f"http://{urlsplit(link).netloc}/history" for link in task["logins"]]
        before = [_told(page, home, CHECK) for home in homes]
        page.goto(f"http://127.0.0.1:{elsewhere.server_port}/")
        for number, (method, url) in enumerate(task["writes"]):
            page.evaluate(ATTACK, [method, url, number, task["all"]])
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
