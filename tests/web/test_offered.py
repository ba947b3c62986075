"""What a page offers is what its visitor may do: links lead somewhere, buttons are heard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from operations.scopes import PRESETS, Scope, Scopes, text_of
from tests.api.test_scopes import sign_in
from tests.support.posting import draft
from tests.support.served import Served
from tests.web.household import move_in

A_PAGE = {"Accept": "text/html"}
# What the scripts of the composer and library ask for once its button is pressed.
BY_SCRIPT = {
    "schedule": Scope.POSTS_PUBLISH, "now": Scope.POSTS_PUBLISH, "undraft": Scope.POSTS_PUBLISH,
    "discard": Scope.POSTS_DELETE, "files": Scope.MEDIA_WRITE, "pick": Scope.MEDIA_READ,
    "caption": Scope.POSTS_WRITE, "cut-do": Scope.MEDIA_WRITE,
}  # fmt: skip


@dataclass
class Offered(HTMLParser):
    """The links, forms and buttons of a page."""

    links: set[str] = field(default_factory=set)
    sends: dict[str, dict[str, str]] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()
        self._form: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.ids.add(said.get("id", ""))
        if tag == "a" and said.get("href", "").startswith("/"):
            self.links.add(said["href"])
        if tag == "form":
            self._form = {}
            if said.get("method") == "post":
                self.sends[said["action"]] = self._form
            elif "action" in said:
                self.links.add(said["action"])
        elif tag == "input" and said.get("type") != "checkbox" and "name" in said:
            self._form[said["name"]] = said.get("value", "")
        elif tag == "button" and "name" in said:
            self._form.setdefault(said["name"], said.get("value", ""))
        if "hx-post" in said:
            given = json.loads(said.get("hx-vals", "{}"))
            self.sends[said["hx-post"]] = self._form if tag == "form" else given
        if "hx-get" in said:
            self.links.add(said["hx-get"])


async def refused(served: Served, scopes: Scopes) -> list[str]:
    """Return what is offered to who has these scopes, and refused."""
    said = {} if scopes is None else {"scopes": text_of(scopes)}
    await sign_in(served, **said)
    found: list[str] = []
    offered = Offered()
    seen: set[str] = set()
    # What it begins with, and what leads on from there, one of each kind.
    ahead = ["/"]
    while ahead:
        path = ahead.pop()
        kind = "/".join("*" if len(part) > 30 else part for part in path.split("?")[0].split("/"))
        if kind in seen or path.startswith(("/uploads", "/static", "/api")):
            continue
        seen.add(kind)
        answer = await served.client.get(path, headers=A_PAGE, follow_redirects=True)
        if answer.status_code != 200:
            found.append(f"{path}: {answer.status_code}")
            continue
        here = Offered()
        here.feed(answer.text)
        ahead += sorted(here.links)
        offered.sends |= here.sends
        found += [
            f"{path}: #{name}"
            for name in sorted(here.ids & set(BY_SCRIPT))
            if scopes is not None and BY_SCRIPT[name] not in scopes
        ]
    for path, form in sorted(offered.sends.items()):
        if path == "/sign-out":
            continue
        answer = await served.client.post(path, data=form, headers=A_PAGE)
        if answer.status_code == 401:  # it ended this browser
            await sign_in(served, **said)
        elif answer.status_code == 403:
            found.append(f"POST {path}")
    return found


async def lived_in(served: Served) -> None:
    await move_in(served)
    await draft(served, caption="Some other day")


def told(found: Mapping[str, list[str]]) -> str:
    return "\n".join(f"{name}: {each}" for name, wrong in found.items() for each in wrong)


def without(scope: Scope) -> Scopes:
    return frozenset(set(Scope) - {scope})


@pytest.mark.acceptance
async def test_nobody_is_offered_what_is_refused(served: Served) -> None:
    await lived_in(served)
    found = {name: await refused(served, scopes) for name, scopes in PRESETS.items()}
    assert told(found) == ""


@pytest.mark.acceptance
async def test_whatever_one_scope_is_missing_nothing_is_offered_for_it(served: Served) -> None:
    await lived_in(served)
    # Without `reposts:read` there is no page at all: what frames each of them needs it.
    every = set(Scope) - {Scope.REPOSTS_READ}
    found = {str(each): await refused(served, without(each)) for each in sorted(every)}
    assert told(found) == ""
