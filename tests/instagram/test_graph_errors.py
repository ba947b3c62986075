"""Meta's errors by number, however they come: as a number or as text, with and without subcode."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest

from instagram import errors
from instagram.errors import InstagramError
from instagram.graph.errors import translate_answer, translate_status
from sandbox.graph.failures import GRAPH_ERRORS


def answer(status: int = 400, **error: Any) -> InstagramError:
    body = {"error": {"message": "Fatal", "type": "OAuthException", **error}}
    return translate_answer(httpx.Response(status, json=body), writes=True)


def kind_of(error: InstagramError) -> tuple[type[InstagramError], str]:
    return type(error), getattr(error, "code", "")


@pytest.mark.parametrize(
    ("code", "kind", "ours"),
    [
        (-2, errors.ContainerLost, ""),
        (-1, errors.Unreachable, ""),
        (1, errors.Unreachable, ""),
        (2, errors.Unreachable, ""),
        (3, errors.Refused, "PROCESSING_FAILED"),
        (4, errors.RateLimited, ""),
        (9, errors.PublishingLimit, ""),
        (10, errors.Refused, "PROCESSING_FAILED"),
        (17, errors.RateLimited, ""),
        (24, errors.ContainerLost, ""),
        (25, errors.ChallengeRequired, ""),
        (32, errors.RateLimited, ""),
        (102, errors.TokenExpired, ""),
        (104, errors.TokenExpired, ""),
        (190, errors.TokenExpired, ""),
        (200, errors.Refused, "PROCESSING_FAILED"),
        (299, errors.Refused, "PROCESSING_FAILED"),
        (341, errors.RateLimited, ""),
        (352, errors.Refused, "VIDEO_PROCESSING_FAILED"),
        (368, errors.ActionBlocked, ""),
        (506, errors.Refused, "PROCESSING_FAILED"),
        (613, errors.RateLimited, ""),
        (9004, errors.FetchFailed, ""),
        (9007, errors.NotReady, ""),
        (36000, errors.Refused, "MEDIA_INVALID"),
        (36001, errors.Refused, "MEDIA_INVALID"),
        (36003, errors.Refused, "MEDIA_INVALID"),
        (36004, errors.Refused, "VALIDATION_ERROR"),
        (80001, errors.RateLimited, ""),
        (80002, errors.RateLimited, ""),
    ],
)
@pytest.mark.parametrize("written", [int, str])
def test_a_code_alone_is_understood(
    code: int, kind: type[InstagramError], ours: str, written: Any
) -> None:
    found = answer(code=written(code))
    assert kind_of(found) == (kind, ours)
    assert found.reason.removeprefix("(") != str(code), "a bare number is no reason"


@pytest.mark.parametrize(
    "name", [name for name, row in GRAPH_ERRORS.items() if row.subcode and row.code != 190]
)
def test_a_subcode_is_understood_wherever_it_stands(name: str) -> None:
    row = GRAPH_ERRORS[name]
    assert row.subcode is not None
    expected = kind_of(answer(code=row.code, error_subcode=row.subcode))
    if row.subcode < 2207000:
        assert kind_of(answer(code=str(row.code), error_subcode=str(row.subcode))) == expected
        return
    said = f"Media upload has failed with error code {row.subcode}"
    places: list[dict[str, Any]] = [
        {"error_subcode": row.subcode},
        {"error_subcode": str(row.subcode)},
        {"message": said},
        {"message": said, "error_subcode": None},
    ]
    codes: list[Any] = [row.code, str(row.code), 0]
    for code, where in itertools.product(codes, places):
        assert kind_of(answer(code=code, **where)) == expected, where
    for text in (f"Error: {said}", f"{row.subcode}: {row.title}", f"Error ({row.subcode})"):
        assert kind_of(translate_status(text)) == expected, text


@pytest.mark.parametrize("subcode", [458, 459, 460, 463, 464, 467, 492, 1, 999_999])
@pytest.mark.parametrize("written", [int, str])
def test_a_token_that_is_refused_is_to_be_renewed_whatever_the_subcode(
    subcode: int, written: Any
) -> None:
    found = answer(code=written(190), error_subcode=written(subcode))
    assert isinstance(found, errors.TokenExpired)
    assert "reconnect the account" in found.reason


@pytest.mark.parametrize("subcode", [2207002, 2207078, 2207081, 2207083, 2207099, 2207999])
def test_a_publishing_error_that_nobody_knows_is_tried_again_not_for_ever(subcode: int) -> None:
    found = answer(code=100, error_subcode=subcode)
    assert isinstance(found, errors.ProcessingFailed) or subcode == 2207081
    assert str(subcode) in found.reason
    assert not found.reason.startswith(str(subcode))


def test_an_app_without_a_role_says_what_to_do() -> None:
    found = answer(code=100, type="IGApiException", message="Unsupported request - method: get")
    assert "accept the invitation" in found.reason


@pytest.mark.parametrize("status", ["", "Error", "Error: ", "ERROR: Fatal", "in 1080x1920", "½"])
def test_a_container_that_fails_without_a_number_has_words(status: str) -> None:
    found = translate_status(status)
    assert isinstance(found, errors.ProcessingFailed)
    assert "could not process the media" in found.reason


@pytest.mark.parametrize("value", [None, True, 1.5, "", "x", "1e9", [], {}, "9" * 400, -(10**30)])
def test_any_value_in_the_place_of_a_number_is_survived(value: Any) -> None:
    for name in ("code", "error_subcode", "message", "error_user_msg", "type", "is_transient"):
        assert answer(**{"code": 100, name: value}).reason
