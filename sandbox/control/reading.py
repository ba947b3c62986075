"""Reading what people send to the control interface: faults, mentions and posts as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.private.form import json_object
from sandbox.wire import faults
from sandbox.wire.message import JsonObject, Request
from sandbox.world.person import Person
from sandbox.world.probe import Kind
from sandbox.world.published import Product
from sandbox.world.thread import Box, MentionShape
from sandbox.world.world import World

Types = dict[str, tuple[type, ...]]
_NUMBER = (int, float)


class BadInput(Exception):
    """What came in is wrong; the message says what about it, `status` is the HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def _text_body(text: str, content_type: str = "text/plain; charset=utf-8") -> faults.Body:
    return faults.Body(text.encode(), content_type)


# Each kind by its name: what makes it, and the types of the values it takes.
_KINDS: dict[str, tuple[Callable[..., faults.Kind], Types]] = {
    "status": (
        faults.Status,
        {
            "code": (int,),
            "json": (object,),
            "text": (str,),
            "content_type": (str,),
            "after_effect": (bool,),
        },
    ),
    "hang": (faults.Hang, {"after_effect": (bool,)}),
    "reset": (faults.Reset, {"after_effect": (bool,)}),
    "broken_upload": (faults.BrokenUpload, {"bytes": (int,)}),
    "closed_mid_body": (faults.ClosedMidBody, {}),
    "truncated": (faults.Truncated, {"bytes": (int,)}),
    "oversized": (faults.Oversized, {"bytes": (int,), "announced": (bool,)}),
    "body": (_text_body, {"text": (str,), "content_type": (str,)}),
    "slow": (faults.Slow, {"bytes_per_second": _NUMBER}),
    "delay": (faults.Delay, {"seconds": _NUMBER}),
    "delayed_effect": (faults.DelayedEffect, {"seconds": _NUMBER}),
    "redirect": (faults.Redirect, {"location": (str,), "after_effect": (bool,)}),
    "login_required": (faults.login_required, {}),
    "checkpoint_required": (faults.checkpoint_required, {}),
    "consent_required": (faults.consent_required, {}),
    "feedback_required": (faults.feedback_required, {}),
    "please_wait": (faults.please_wait, {}),
    "throttled": (faults.throttled, {"retry_after": (int,)}),
    "graph_error": (
        faults.graph_error,
        {
            "name": (str,),
            "message": (str,),
            "retry_minutes": (int,),
            "after_effect": (bool,),
        },
    ),
}
_MATCHING: Types = {
    "path": (str,),
    "path_end": (str,),
    "host": (str,),
    "method": (str,),
    "account": (str,),
    "times": (int, type(None)),
    "skip": (int,),
}


def object_in(request: Request) -> JsonObject:
    """The JSON object that a request carries.

    Raises:
        BadInput: it carries anything else.
    """
    found = json_object(request.body.read().decode(errors="replace"))
    if found is None:
        raise BadInput("the body has to be a JSON object")
    return found


def read_fault(order: JsonObject, world: World) -> faults.Fault:
    """A fault from its JSON: `kind`, what the kind takes, and what the fault meets.

    Raises:
        BadInput
    """
    kind = order.get("kind")
    values = {name: value for name, value in order.items() if name != "kind"}
    matching = {name: values.pop(name) for name in list(values) if name in _MATCHING}
    check_types(matching, _MATCHING)
    if kind == "challenge_required":
        check_types(values, {})
        made: faults.Kind = faults.challenge_required(read_person(matching, "account", world))
    elif isinstance(kind, str) and kind in _KINDS:
        make, types = _KINDS[kind]
        check_types(values, types)
        made = _made(kind, make, values)
    else:
        known = ", ".join(sorted([*_KINDS, "challenge_required"]))
        raise BadInput(f"kind has to be one of {known}")
    return faults.Fault(kind=made, **matching)


def _made(kind: str, make: Callable[..., faults.Kind], values: JsonObject) -> faults.Kind:
    try:
        return make(**values)
    except TypeError:
        needed = ", ".join(_KINDS[kind][1])
        raise BadInput(f"{kind} needs a value it did not get; it takes {needed}") from None
    except ValueError as error:
        raise BadInput(str(error)) from None


def check_types(values: JsonObject, types: Types) -> None:
    """Whether there is nothing but these values, each of one of its types.

    Raises:
        BadInput
    """
    for name, value in values.items():
        if name not in types:
            raise BadInput(f"{name} is not known here; known are {', '.join(types) or 'none'}")
        # In JSON true is no number, in Python it is.
        is_odd_bool = isinstance(value, bool) and not {bool, object}.intersection(types[name])
        if is_odd_bool or not isinstance(value, types[name]):
            wanted = " or ".join(kind.__name__ for kind in types[name])
            raise BadInput(f"{name} has to be of type {wanted}")


@dataclass(frozen=True, slots=True)
class MentionOrder:
    """Somebody shall mention somebody."""

    author: Person
    to: Person
    shape: MentionShape
    box: Box
    kind: Kind


@dataclass(frozen=True, slots=True)
class PostOrder:
    """Somebody shall have a post."""

    author: Person
    kind: Kind
    product: Product
    caption: str


def read_mention(values: Mapping[str, Any], world: World) -> MentionOrder:
    """A mention from JSON, or from a query beside an uploaded file.

    Raises:
        BadInput
    """
    _check_names(values, ("from", "to", "shape", "box", "kind"))
    shape = _one_of(values, "shape", [shape.value for shape in MentionShape])
    box: Box = "pending" if _one_of(values, "box", ["inbox", "pending"]) == "pending" else "inbox"
    return MentionOrder(
        author=read_person(values, "from", world),
        to=read_person(values, "to", world),
        shape=MentionShape(shape),
        box=box,
        kind=_kind(values),
    )


def read_post(values: Mapping[str, Any], world: World) -> PostOrder:
    """A post from JSON, or from a query beside an uploaded file.

    Raises:
        BadInput
    """
    _check_names(values, ("from", "kind", "product", "caption"))
    product = _one_of(values, "product", ["feed", "reel"])
    return PostOrder(
        author=read_person(values, "from", world),
        kind=_kind(values),
        product="reel" if product == "reel" else "feed",
        caption=str(values.get("caption", "")),
    )


def _check_names(values: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in values:
        if name not in known:
            raise BadInput(f"{name} is not known here; known are {', '.join(known)}")


def _kind(values: Mapping[str, Any]) -> Kind:
    return "video" if _one_of(values, "kind", ["photo", "video"]) == "video" else "photo"


def _one_of(values: Mapping[str, Any], name: str, choices: list[str]) -> str:
    """The value if it is one of the choices, the first choice if there is none."""
    value = values.get(name, choices[0])
    if value not in choices:
        raise BadInput(f"{name} has to be one of {', '.join(choices)}")
    return str(value)


def read_person(values: Mapping[str, Any], name: str, world: World) -> Person:
    """The person that a value names.

    Raises:
        BadInput: 400 without a name, 404 if nobody is called that.
    """
    username = values.get(name)
    if not isinstance(username, str):
        raise BadInput(f"{name} has to name a person")
    person = world.find_person(username=username)
    if person is None:
        raise BadInput(f"there is nobody called {username}", 404)
    return person
