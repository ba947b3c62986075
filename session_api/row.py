"""A row of the table: one operation, said once.

How a row is added: in the file of its group in `session_api/rows/`, as

    users.row("GET", "/user/followers", "user_id*, amount=50, cursor",
              "user_followers_v1_chunk(user_id, amount, cursor)", "UserShortPage", Rail.READ,
              "A page of somebody's followers", older=("/user/its/older/name",))

The third text says what is taken: `*` required, `=v` default, `:i` a whole number (`:i[1..100]`
within limits), `:bool`, `:float`, `:file`, `:uri`, `:one|other` a choice, `[]` repeated text, `[i]`
repeated numbers, `[i..10]` at most ten of them. `amount` without a kind is a number from 1 to 200.
GET and DELETE take a query, POST and PATCH a form. The fourth is the call of aiograpi, with the
names of what is taken as its arguments (`name or None`, constants and `keyword=name` too). What it
gives is a model of aiograpi (`Media`), a list (`[Media]`), a page (`MediaPage`: the call gives
items and cursor), `bool`, `str` or `Dict`. `pair` adds a POST with the DELETE that takes it back.
Where a call cannot say it, a function takes its place: `step(client, given)` runs as a call would,
`handler(question)` in the daemon. What cannot be served says so: `absent("reason")`, which answers
501.

A call is one request to Instagram. A row that takes others says how many, and what for:
`sends="2: who it is, and what they show"`, `sends="1 to 20: a page each"`.

From a row come its route, validation, documentation, metrics, rail and the line of the reference;
`tests/session_api/test_rows.py` walks them all.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from operations.scopes import Scope

if TYPE_CHECKING:
    from session_api.question import Question

Given = Mapping[str, Any]
Step = Callable[[Any, Given], Awaitable[Any]]
Handler = Callable[["Question"], Awaitable[Any]]
MOST_AT_ONCE = 200
MOST_REPEATED = 50


class Rail(Enum):
    """What a row does to an account, and so what holds it back (`session_api.rails`)."""

    LOCAL = "L"
    READ = "R"
    OWN = "O"
    PUBLISH = "P"
    SOCIAL = "S"
    DIRECT = "D"
    ACCOUNT = "A"


SCOPES = {
    Rail.LOCAL: Scope.INSTAGRAM_READ,
    Rail.READ: Scope.INSTAGRAM_READ,
    Rail.OWN: Scope.INSTAGRAM_ACT,
    Rail.PUBLISH: Scope.POSTS_PUBLISH,
    Rail.SOCIAL: Scope.INSTAGRAM_ACT,
    Rail.DIRECT: Scope.INSTAGRAM_ACT,
    Rail.ACCOUNT: Scope.LOGINS_WRITE,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter; `kind` is text, i, bool, float, file, uri or json, `choices` its values.

    Of what names one thing: `number` (of a post or story, perhaps with its owner's), `pk`
    (somebody's number), `tag` (a hashtag), `user` (a name), or else `id`.
    """

    name: str
    kind: str = "text"
    required: bool = False
    many: bool = False
    default: Any = None
    low: int | None = None
    high: int | None = None
    most: int = MOST_REPEATED  # of one that is repeated
    choices: tuple[str, ...] = ()
    # Of a field that holds JSON: the model of aiograpi, and what stands for absent values.
    model: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One operation: see the module's text."""

    method: str
    path: str
    tag: str
    summary: str
    takes: tuple[Field, ...]
    gives: str
    rail: Rail
    call: Call | None = None
    step: Step | None = None
    handler: Handler | None = None
    older: tuple[str, ...] = ()
    # Beyond it: no key and no session; a key but no session (or perhaps one); why it is not there.
    is_public: bool = False
    is_open: bool = False
    hears_session: bool = False  # although it is open
    absent: str = ""
    # Whose scope it takes where that is not its rail's.
    needs: Rail | None = None
    # One act of a rail may weigh on its own: follow and unfollow are one.
    act: str = ""
    # Whether it takes the account's name as a word that it is meant (`confirm`).
    confirms: bool = False
    is_older: bool = False
    # Where in the answer its list is, where aiograpi gives an empty one if it is not there:
    # `inbox.threads`, `reel?.items` for one whose `reel` may be null.
    found_in: str = ""
    # How many requests to Instagram a call is; "" is one, and none where it is local.
    sends: str = ""

    @property
    def requests(self) -> range:
        """How many requests to Instagram a call of it may be."""
        if not self.sends:
            only = 0 if self.rail is Rail.LOCAL or self.absent else 1
            return range(only, only + 1)
        low, _, high = self.sends.partition(":")[0].partition(" to ")
        return range(int(low), int(high or low) + 1)

    @property
    def name(self) -> str:
        """Its operation id: `postMediaLike`."""
        words = re.split(r"[/-]", self.path.strip("/"))
        return self.method.lower() + "".join(word[:1].upper() + word[1:] for word in words)

    @property
    def scope(self) -> Scope:
        return SCOPES[self.needs or self.rail]

    @property
    def has_form(self) -> bool:
        return self.method in ("POST", "PATCH")

    @property
    def has_files(self) -> bool:
        return any(each.kind == "file" for each in self.takes)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of aiograpi as its row writes it."""

    text: str
    name: str
    given: tuple[ast.expr, ...]
    named: tuple[tuple[str, ast.expr], ...]

    def arguments(self, given: Given) -> tuple[list[Any], dict[str, Any]]:
        """Return what it is called with."""
        return (
            [_value(each, given) for each in self.given],
            {name: _value(each, given) for name, each in self.named},
        )

    @property
    def uses(self) -> set[str]:
        """The names of the parameters it is called with."""
        every = [*self.given, *(each for _, each in self.named)]
        return {node.id for each in every for node in ast.walk(each) if isinstance(node, ast.Name)}


def call_of(text: str) -> Call:
    """Return a call as its row writes it; raises `ValueError`."""
    parsed = ast.parse(text, mode="eval").body
    if not isinstance(parsed, ast.Call) or not isinstance(parsed.func, ast.Name):
        raise ValueError(f"{text} is no call")
    named = tuple((each.arg or "", each.value) for each in parsed.keywords)
    return Call(text, parsed.func.id, tuple(parsed.args), named)


def _value(node: ast.expr, given: Given) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return given[node.id]
    if isinstance(node, ast.List):
        return [_value(one, given) for one in node.elts]
    if isinstance(node, ast.BoolOp):
        either = (_value(each, given) for each in node.values[:-1])
        return next((found for found in either if found), _value(node.values[-1], given))
    raise ValueError(f"{ast.dump(node)} cannot stand in a call")


_FIELD = re.compile(
    r"(?P<name>\w+)(?P<required>\*)?(?:\[(?P<many>\w*)(?:\.\.(?P<most>\d+))?\])?"
    r"(?::(?P<kind>[\w|]+)(?:\[(?P<low>\d*)\.\.(?P<high>\d*)\])?)?(?:=(?P<default>.*))?"
)
_KINDS = {"text", "i", "bool", "float", "file", "uri", "number", "pk", "id", "tag", "user"}
# What names one thing, and so may become a part of an address at Instagram.
_NUMBERED = re.compile(r"(\w+_)?(media|story)_(id|ids|pk)")
_NAMED = re.compile(r"(?!.*(max|min|session)_id)\w*(^id|_id|_ids|_pk|^code)")


def fields_of(text: str) -> tuple[Field, ...]:
    """Return the parameters that a row's text names; raises `ValueError`."""
    return tuple(_field(each.strip()) for each in text.split(",") if each.strip())


def _field(text: str) -> Field:
    found = _FIELD.fullmatch(text)
    if found is None:
        raise ValueError(f"{text} is no parameter")
    kind, choices = found["kind"] or "text", ()
    many = found["many"] is not None
    if found["many"]:
        kind = found["many"]
    low, high = _number(found["low"]), _number(found["high"])
    if found["name"] == "amount" and found["kind"] is None:
        kind, low, high = "i", 1, MOST_AT_ONCE
    if found["many"] == "file":
        kind = "file"
    if kind == "i" and low is None and found["name"].endswith(("pk", "id", "pks", "ids")):
        low = 0
    if kind == "text" and _NUMBERED.fullmatch(found["name"]):
        kind = "number"
    elif kind == "text" and _NAMED.fullmatch(found["name"]):
        kind = "id"
    if kind not in _KINDS:
        choices, kind = tuple(kind.split("|")), "text"
    default = found["default"]
    return Field(
        found["name"],
        kind,
        required=found["required"] is not None,
        many=many,
        default=None if default is None else parsed_default(kind, default),
        low=low,
        high=high,
        most=int(found["most"] or MOST_REPEATED),
        choices=choices,
    )


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def parsed_default(kind: str, text: str) -> Any:
    """Return a default as its kind has it."""
    if kind == "bool":
        return text == "true"
    if kind in ("i", "float"):
        return int(text) if kind == "i" else float(text)
    return text.strip('"')


class Group:
    """The rows of one subject; `tag` is what the document calls it."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.rows: list[Row] = []

    def row(
        self,
        method: str,
        path: str,
        takes: str | Sequence[Field],
        does: str | Call | None,
        gives: str,
        rail: Rail,
        summary: str,
        *,
        older: Sequence[str] = (),
        step: Step | None = None,
        handler: Handler | None = None,
        **more: Any,
    ) -> None:
        """Add a row; see the module's text."""
        fields = fields_of(takes) if isinstance(takes, str) else tuple(takes)
        self.rows.append(
            Row(
                method,
                path,
                self.tag,
                summary,
                fields,
                gives,
                rail,
                call=call_of(does) if isinstance(does, str) else does,
                step=step,
                handler=handler,
                older=tuple(older),
                **more,
            )
        )

    def pair(
        self,
        path: str,
        takes: str,
        does: str,
        undoes: str,
        gives: str,
        rail: Rail,
        summary: str,
        *,
        older: Sequence[str] = (),
        act: str = "",
        sends: str = "",
    ) -> None:
        """Add a POST and the DELETE that takes it back; that one has no `revert`, `unfollow`."""
        undo = call_of(undoes)
        more: dict[str, Any] = {"older": older, "act": act, "sends": sends}
        self.row("POST", path, takes, does, gives, rail, summary, **more)
        taken = [each for each in fields_of(takes) if each.name not in ("revert", "unfollow")]
        said = f"Take back: {summary[:1].lower()}{summary[1:]}"
        self.row("DELETE", path, taken, undo, gives, rail, said, **more)
