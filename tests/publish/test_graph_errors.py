"""Every row of Meta's error table at every step: what becomes of the post, and of its user."""

from __future__ import annotations

from typing import Any

import pytest

from publish.retry import MOST_SETBACKS
from sandbox.graph.failures import GRAPH_ERRORS, graph_error
from sandbox.wire.faults import Fault, Status
from storage.accounts import Account
from storage.jobs import MAX_ATTEMPTS
from tests.support.attempts import follow, live
from tests.support.graph import another
from tests.support.posting import photo_id, publish, video_id
from tests.support.served import Served
from tests.support.thinned import sparing

STEPS: dict[str, dict[str, Any]] = {
    "quota": {"path_end": "/content_publishing_limit"},
    "container": {"method": "POST", "path_end": "/media"},
    "poll": {"method": "GET", "path": "/17889"},
    "publish": {"path_end": "/media_publish"},
}
RECONNECT = "FAILED TOKEN_EXPIRED"
REFUSED = "FAILED PROCESSING_FAILED"
INVALID = "FAILED MEDIA_INVALID"
HOUR, DAY = "PUBLISHED after 1 h", "PUBLISHED after 24 h"
# What becomes of a post that meets the error once, at whichever step.
ENDS = {
    "token_missing": RECONNECT,
    "token_invalid": RECONNECT,
    "token_expired": RECONNECT,
    "token_revoked": RECONNECT,
    "session_invalid": RECONNECT,
    "permission_missing": REFUSED,
    "permission_denied": REFUSED,
    "permission_declined": REFUSED,
    "rate_limited": HOUR,
    "user_rate_limited": HOUR,
    "page_rate_limited": HOUR,
    "custom_rate_limited": HOUR,
    "spam_block": DAY,
    "account_restricted": DAY,
    "publishing_limit": HOUR,
    "unknown": "PUBLISHED",
    "service_unavailable": "PUBLISHED",
    "server_error": "PUBLISHED",
    "container_failed": "PUBLISHED",
    "upload_failed": "PUBLISHED",
    "download_timeout": "PUBLISHED",
    "container_expired": "PUBLISHED",
    "not_yet_publishable": "PUBLISHED",
    "media_not_found": "PUBLISHED",
    "not_ready": "PUBLISHED",
    "not_fetchable": "PUBLISHED",
    "video_format": "FAILED VIDEO_PROCESSING_FAILED",
    "image_too_large": INVALID,
    "image_format": INVALID,
    "aspect_ratio": INVALID,
    "caption_too_long": "FAILED VALIDATION_ERROR",
    "carousel_children": "FAILED INVALID_CAROUSEL",
    "too_many_tags": "FAILED INVALID_TAGS",
    "unknown_media_type": REFUSED,
    "thumb_offset": REFUSED,
    "invalid_parameter": "PUBLISHED",  # in words that say nothing: said once, it is not believed
    "app_unknown": "PUBLISHED",  # likewise
}
# An error that ends in success costs a new container when it was said of the first one.
NEW_CONTAINER = {
    "container_failed",
    "upload_failed",
    "download_timeout",
    "container_expired",
    "media_not_found",
    "not_fetchable",
}
MOST_REQUESTS = 16


async def send(served: Served, account: Account) -> str:
    body = {"accountId": account.id, "mediaType": "IMAGE", "mediaFileId": await photo_id(served)}
    return await publish(served, {**body, "caption": "Hello"})


def requests_of(served: Served, account: Account) -> int:
    return served.studio.sandbox.ledger.count(account=account.username)


@pytest.mark.acceptance
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "step", ["publish", *(pytest.param(s, marks=pytest.mark.soak) for s in list(STEPS)[:3])]
)
async def test_an_error_once_at_a_step(public: Served, step: str) -> None:
    faults = public.studio.sandbox.faults
    for name, end in ENDS.items():
        account, graph = await another(public, f"met_{name}")
        faults.add(Fault(**STEPS[step], account=account.username, kind=graph_error(name)))
        course = await follow(public, account, await send(public, account))
        assert (name, str(course)) == (name, end)
        assert (name, course.posts_live) == (name, int(end.startswith("PUBLISHED")))
        assert (name, requests_of(public, account)) <= (name, MOST_REQUESTS)
        if course.posts_live:
            is_lost = name in NEW_CONTAINER or end == DAY  # they live a day
            expected = 2 if is_lost and step in ("poll", "publish") else 1
            assert (name, len(graph.containers_at)) == (name, expected)
        else:
            assert course.message, name


@pytest.mark.acceptance
@pytest.mark.timeout(900)
async def test_processing_that_ends_in_an_error(public: Served) -> None:
    """Whatever the next attempt does, it does it with a new container: this one stays failed."""
    for name in (name for name in ENDS if GRAPH_ERRORS[name].subcode):
        account, graph = await another(public, f"processed_{name}")
        graph.fail_processing(name)
        course = await follow(public, account, await send(public, account))
        expected = ENDS[name]
        if GRAPH_ERRORS[name].code == 190:
            expected = "PUBLISHED"  # no subcode of the publishing errors: a new container is tried
        assert (name, str(course)) == (name, expected)
        if course.posts_live:
            assert (name, course.posts_live, len(graph.containers_at)) == (name, 1, 2)
        assert (name, requests_of(public, account)) <= (name, MOST_REQUESTS)


# Refusals that are known to have been said of posts that went out all the same.
LIES = (
    "rate_limited",
    "user_rate_limited",
    "spam_block",
    "publishing_limit",
    "unknown",
    "service_unavailable",
    "server_error",
    "container_failed",
    "container_expired",
    "media_not_found",
    "not_yet_publishable",
    "not_ready",
    "does_not_exist",
    "account_restricted",
)


@pytest.mark.timeout(900)
async def test_an_error_about_a_post_that_is_live_makes_no_second_one(public: Served) -> None:
    faults = public.studio.sandbox.faults
    for name in LIES:
        account, graph = await another(public, f"lied_{name}")
        kind = graph_error(name, after_effect=True)
        faults.add(Fault(**STEPS["publish"], account=account.username, kind=kind))
        course = await follow(public, account, await send(public, account))
        assert (name, course.status, course.posts_live) == (name, "PUBLISHED", 1)
        assert (name, len(graph.containers_at)) == (name, 1)
        assert (name, requests_of(public, account)) <= (name, MOST_REQUESTS)


async def test_what_does_not_exist_yet_is_asked_for_again(public: Served) -> None:
    faults = public.studio.sandbox.faults
    outcomes = {}
    for step, where in STEPS.items():
        account, graph = await another(public, f"denied_at_{step}")
        kind = graph_error("does_not_exist")
        faults.add(Fault(**where, account=account.username, kind=kind))
        course = await follow(public, account, await send(public, account))
        outcomes[step] = (str(course), len(graph.containers_at))
    assert outcomes == {
        "quota": ("PUBLISHED", 1),
        "container": ("PUBLISHED", 1),
        "poll": ("PUBLISHED", 1),
        "publish": ("PUBLISHED", 2),
    }


# Trouble that passes by itself is waited out; what may be the post's own has fewer tries.
LONG = "FAILED {} after 1 h"


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "step", "ends", "attempts"),
    sparing(
        [
            ("unknown", "quota", LONG.format("SERVICE_UNAVAILABLE"), MAX_ATTEMPTS),
            ("container_failed", "container", "FAILED PROCESSING_FAILED", MOST_SETBACKS),
            pytest.param(
                "server_error",
                "poll",
                LONG.format("SERVICE_UNAVAILABLE"),
                MAX_ATTEMPTS,
                marks=[pytest.mark.soak],
            ),
            pytest.param(
                "does_not_exist",
                "poll",
                LONG.format("PROCESSING_FAILED"),
                MAX_ATTEMPTS,
                marks=[pytest.mark.soak],
            ),
            pytest.param(
                "unknown",
                "publish",
                LONG.format("SERVICE_UNAVAILABLE"),
                MAX_ATTEMPTS,
                marks=[pytest.mark.soak],
            ),
            ("not_yet_publishable", "publish", LONG.format("PROCESSING_FAILED"), MAX_ATTEMPTS),
            ("media_not_found", "publish", "FAILED PROCESSING_FAILED", MOST_SETBACKS),
            ("not_fetchable", "container", LONG.format("PUBLIC_URL_REQUIRED"), MAX_ATTEMPTS),
        ],
        every=7,
    ),
)
async def test_trouble_that_does_not_pass_is_given_up(
    public: Served, name: str, step: str, ends: str, attempts: int
) -> None:
    account, graph = await another(public, "unlucky")
    public.studio.sandbox.faults.add(
        Fault(**STEPS[step], account=account.username, kind=graph_error(name), times=None)
    )
    course = await follow(public, account, await send(public, account), most=MAX_ATTEMPTS + 2)
    assert (str(course), course.attempts, course.posts_live) == (ends, attempts, 0)
    assert f"Given up after {attempts} attempts" in course.message
    if (name, step) == ("not_yet_publishable", "publish"):
        assert len(graph.containers_at) > 2, "a container that stays unready is made anew"


async def test_one_child_that_meta_could_not_fetch_once_fails_no_carousel(public: Served) -> None:
    account, _ = await another(public, "album")
    public.studio.sandbox.faults.add(
        Fault(
            **STEPS["container"],
            account=account.username,
            kind=graph_error("not_fetchable"),
            skip=1,
        )
    )
    pictures = [await photo_id(public, seed=seed) for seed in (1, 2, 3)]
    body = {"accountId": account.id, "mediaType": "CAROUSEL", "mediaFileIds": pictures}
    course = await follow(public, account, await publish(public, body))
    assert (str(course), course.posts_live) == ("PUBLISHED", 1)


TOLD = {
    "Error: Media upload has failed with error code 2207085": "could not process",
    "Error: Media upload has failed with error code 2207082": "could not take the media in",
    "Error: Media upload has failed with error code 2207077": "could not take the media in",
    "Error: Media upload has failed with error code 2207081": "trial Reels",
    "Error: Media upload has failed with error code 2207999": "could not process",
    "Error": "could not process",
    "": "could not process",
}


@pytest.mark.timeout(900)
async def test_a_container_that_fails_by_a_number_is_told_in_words(public: Served) -> None:
    reel = {"mediaType": "REELS", "mediaFileId": await video_id(public)}
    for number, (status, said) in enumerate(TOLD.items()):
        account, graph = await another(public, f"numbered_{number}")
        kind = Status(200, {"id": "1", "status_code": "ERROR", "status": status})
        failing = Fault(**STEPS["poll"], account=account.username, kind=kind, times=None)
        public.studio.sandbox.faults.add(failing)
        course = await follow(
            public, account, await publish(public, {"accountId": account.id, **reel})
        )
        assert (status, str(course)) == (status, "FAILED VIDEO_PROCESSING_FAILED")
        assert said in course.message
        assert "error code" not in course.message
        assert (status, len(graph.containers_at)) == (status, 1 if "trial" in said else 5)


@pytest.mark.parametrize("name", ["rate_limited", "spam_block", "account_restricted"])
async def test_nothing_is_sent_while_an_account_is_held(public: Served, name: str) -> None:
    account, _ = await another(public, "held")
    faults = public.studio.sandbox.faults
    kind = graph_error(name, retry_minutes=150)
    faults.add(Fault(**STEPS["container"], account=account.username, kind=kind))
    held = await send(public, account)
    await follow(public, account, held, most=2)
    other, _ = await another(public, "free")
    asked = requests_of(public, account)
    await send(public, account)
    for _ in range(3):
        # Another account's post shows that the scheduler had time for this one.
        course = await follow(public, other, await send(public, other))
        assert course.status == "PUBLISHED"
    assert requests_of(public, account) == asked
    assert live(public, account) == []
