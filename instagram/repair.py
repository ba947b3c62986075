"""Instagram's JSON made safe for whoever reads it: the one edge where strangers' text comes in.

An answer holds what other people wrote. Half an emoji, a NUL, a number of 5,000 digits or a
thousand brackets must not cost the rest of the page, nor reach SQLite, logs or terminals.
"""

from __future__ import annotations

import json
import math
import re

import httpx
import orjson

_DEEPEST = 200  # login screens are trees; what Python can walk is deeper than this
_LONGEST_NUMBER = 64
_INT_64 = 2**63
# Control characters but tab and line ends; halves of surrogate pairs.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# As they were decoded, there is nothing to repair in these.
_FIT = frozenset({int, float, bool, type(None)})
# What may have to be repaired in JSON that orjson reads: a control character as it is or escaped,
# and a number that orjson makes a float of, or that is beyond 64 bits with its sign.
_SUSPECTS = tuple(
    re.compile(each)
    for each in (
        rb"\x7f",
        rb"\xc2[\x80-\x9f]",
        rb"\\u00[0189]",
        rb"\\u007[fF]",
        rb"\\[bf]",
        rb"9[2-9]\d{17}",
    )
)
_AS_ZEROS = bytes(0x30 if 0x30 <= each <= 0x39 else 0x20 for each in range(256))
_NO_BRACKETS = bytes(set(range(256)) - set(b'[]{}"'))
_TEXT = re.compile(rb'"[^"]*"')
_REPLACEMENT = "\ufffd"
_OF_THE_BODY = (b"content-encoding", b"content-length", b"transfer-encoding")


def repaired(body: bytes) -> bytes:
    """Return a JSON body in which every value can be stored, shown and written again.

    What is no JSON comes back as it is: its reader refuses it.
    """
    if _is_fit(body):
        return body
    text = body.decode("utf-8", "replace")
    if not text.lstrip().startswith(("{", "[")):
        return body
    try:
        return json.dumps(_fit(_loads(text)), ensure_ascii=False).encode()
    except ValueError:
        return body


def _is_fit(body: bytes) -> bool:
    """Say whether nothing has to be repaired, which is nearly always so and quickly told.

    orjson itself refuses halves of characters, what is no UTF-8, control characters as they are,
    NaN and the infinities.
    """
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return (
        body[:1] in (b"{", b"[")
        and _is_shallow(body)
        and b"0" * 20 not in body.translate(_AS_ZEROS)
        and not any(each.search(body) for each in _SUSPECTS)
    )


def _is_shallow(body: bytes) -> bool:
    """Say whether JSON is nested no deeper than what is kept."""
    # Texts go: escaped quotes first, then what is between two quotes.
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    left = _TEXT.sub(b"", plain.translate(None, _NO_BRACKETS).replace(b'""', b""))
    for _ in range(_DEEPEST - 1):
        outer = left.replace(b"[]", b"").replace(b"{}", b"")
        if not outer or outer == left:
            return not outer
        left = outer
    return False


def readable(answer: httpx.Response) -> httpx.Response:
    """Return an answer with its body repaired, as if it had come so."""
    body = repaired(answer.content)
    if body is answer.content:
        return answer
    # As bytes: a header may hold any, and httpx writes only ASCII back.
    headers = [(k, v) for k, v in answer.headers.raw if k.lower() not in _OF_THE_BODY]
    return httpx.Response(
        answer.status_code,
        headers=headers,
        content=body,
        request=answer.request,
        extensions=answer.extensions,
    )


def fit_text(text: str) -> str:
    """Return text without halves of characters and controls, which stand for nothing readable."""
    return text if text.isascii() and text.isprintable() else _UNFIT.sub(_REPLACEMENT, text)


def _loads(text: str) -> object:
    try:
        return _decode(text)
    except RecursionError:
        return _decode(_shallow(text))


def _decode(text: str) -> object:
    return json.loads(text, strict=False, parse_int=_int, parse_float=_float, parse_constant=_none)


def _fit(value: object, depth: int = 0) -> object:
    if isinstance(value, str):
        return fit_text(value)
    if isinstance(value, (dict, list)) and depth >= _DEEPEST:
        return None
    if isinstance(value, dict):
        return {
            fit_text(key): each if each.__class__ in _FIT else _fit(each, depth + 1)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [each if each.__class__ in _FIT else _fit(each, depth + 1) for each in value]
    return value


def _int(digits: str) -> int | str | None:
    if len(digits) > _LONGEST_NUMBER:
        return None
    number = int(digits)
    # Who reads the body next would make a float of a larger one: an id must keep its digits.
    return number if -_INT_64 <= number < _INT_64 else digits


def _float(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _none(_constant: str) -> None:
    """NaN and the infinities, which are no JSON."""


def _shallow(text: str) -> str:
    """Return JSON with null in place of what is nested too deeply to be decoded."""
    kept: list[str] = []
    depth, start = 0, 0
    for sign in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{\]}]', text, re.DOTALL):
        if sign[0] in ("[", "{"):
            depth += 1
            if depth == _DEEPEST:
                kept += (text[start : sign.start()], "null")
        elif sign[0] in ("]", "}"):
            if depth == _DEEPEST:
                start = sign.end()
            depth -= 1
    return "".join([*kept, text[start:]]) if depth < _DEEPEST else "null"
