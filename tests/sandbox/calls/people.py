"""People: profiles, lists, ties, and the own account."""

from __future__ import annotations

from aiograpi import exceptions

from sandbox.private.second_step import totp_codes
from sandbox.world.ties import Mark
from tests.sandbox.calls.row import Row, Scene, names


def _crowd(scene: Scene) -> None:
    """Give Anna more followers than a page holds."""
    for number in range(120):
        fan = scene.world.add_person(f"fan{number:03d}", full_name="A fan")
        scene.world.follow(fan, scene.anna)


def _ask(scene: Scene) -> None:
    scene.studio.private = True
    scene.world.ties.ask(scene.anna, scene.studio)
    scene.world.ties.ask(scene.carl, scene.studio)


def _switch(on: str, off: str, mark: Mark) -> tuple[Row, Row]:
    def is_set(scene: Scene) -> bool:
        return scene.world.ties.has(mark, scene.studio, scene.anna)

    return (
        Row(on, lambda s: (s.anna.pk,), leaves=is_set),
        Row(off, lambda s: (s.anna.pk,), leaves=lambda s: not is_set(s)),
    )


PEOPLE = (
    Row(
        "user_info_v1",
        lambda s: (s.anna.pk,),
        lambda s, user: (user.username, user.media_count, user.is_private) == ("anna", 2, False),
        before=lambda s: s.anna.profile.__setattr__("biography", "Bakes"),
    ),
    Row(
        "user_info_by_username_v1",
        lambda s: ("anna",),
        lambda s, user: (user.pk, user.biography) == (str(s.anna.pk), "Bakes"),
    ),
    Row("user_info_v1", lambda s: (99,), refused=exceptions.UserNotFound),
    Row("user_info_by_username_v1", lambda s: ("nobody",), refused=exceptions.UserNotFound),
    Row(
        "user_about_v1",
        lambda s: (s.anna.pk,),
        lambda s, about: (
            (about.username, about.country, about.date, about.former_usernames)
            == ("anna", "Germany", "May 2019", "2")
        ),
        before=lambda s: s.anna.profile.__setattr__("former_usernames", 2),
    ),
    # Lists
    Row(
        "user_followers_v1_chunk",
        lambda s: (s.anna.pk, 50),
        lambda s, page: len(page[0]) == 50 and s.keep("cursor", page[1]) and page[1],
        before=_crowd,
    ),
    Row(
        "user_followers_v1_chunk",
        lambda s: (s.anna.pk, 100, s.kept["cursor"]),
        lambda s, page: len(page[0]) == 71 and page[0][-1].username == "studio" and not page[1],
    ),
    Row(
        "user_followers_v1_chunk",
        lambda s: (s.anna.pk, 50, "rubbish"),
        refused=exceptions.UnknownError,
    ),
    Row(
        "user_following_v1_chunk",
        lambda s: (s.studio.pk, 50),
        lambda s, page: names(page[0]) == ["anna"] and not page[1],
    ),
    Row("user_followers_v1_chunk", lambda s: (s.berta.pk, 50), refused=exceptions.PrivateAccount),
    Row(
        "search_followers_v1",
        lambda s: (s.anna.pk, "fan11"),
        lambda s, found: len(found) == 10,
    ),
    Row(
        "search_following_v1",
        lambda s: (s.studio.pk, "Berg"),
        lambda s, found: names(found) == ["anna"],
    ),
    Row("search_users", lambda s: ("anna",), lambda s, found: names(found) == ["anna"]),
    Row("search_users", lambda s: ("  ",), refused=exceptions.UnknownError),
    # Following
    Row(
        "user_friendship_v1",
        lambda s: (s.anna.pk,),
        lambda s, tie: tie.following and not tie.followed_by,
    ),
    Row("user_friendship_v1", lambda s: (99,), lambda s, tie: tie is None),
    Row(
        "user_friendships_v1",
        lambda s: ([str(s.anna.pk), "99"],),
        lambda s, ties: [tie.user_id for tie in ties] == [str(s.anna.pk)],
    ),
    Row(
        "user_follow",
        lambda s: (s.carl.pk,),
        leaves=lambda s: (
            s.world.follows(s.studio, s.carl)
            and s.world.ties.count(s.carl) == (1, 0)
            and s.world.activity.of(s.carl)[0][0].kind == "follow"
        ),
    ),
    Row("user_follow", lambda s: (s.carl.pk,), lambda s, answer: answer is False),
    Row(
        "user_unfollow", lambda s: (s.carl.pk,), leaves=lambda s: not s.world.ties.followers(s.carl)
    ),
    Row(
        "user_follow",
        lambda s: (s.berta.pk,),
        leaves=lambda s: (
            s.world.ties.asks(s.studio, s.berta) and not s.world.follows(s.studio, s.berta)
        ),
    ),
    Row("user_follow", lambda s: (99,), refused=exceptions.ClientNotFoundError),
    Row("user_follow", lambda s: (s.studio.pk,), refused=exceptions.InvalidTargetUser),
    Row(
        "user_remove_follower",
        lambda s: (s.carl.pk,),
        leaves=lambda s: not s.world.follows(s.carl, s.studio),
        before=lambda s: s.world.follow(s.carl, s.studio),
    ),
    Row(
        "user_follow_requests_chunk",
        lambda s: (50,),
        lambda s, page: names(page[0]) == ["carl", "anna"],
        before=_ask,
    ),
    Row(
        "user_follow_request_approve",
        lambda s: (s.anna.pk,),
        leaves=lambda s: s.world.follows(s.anna, s.studio),
    ),
    Row(
        "user_follow_request_decline",
        lambda s: (s.carl.pk,),
        leaves=lambda s: (
            not s.world.follows(s.carl, s.studio) and not s.world.ties.requests(s.studio)
        ),
    ),
    Row(
        "user_follow_request_approve",
        lambda s: (s.carl.pk,),
        refused=exceptions.ClientNotFoundError,
    ),
    # What else one person may set about another
    *_switch("enable_posts_notifications", "disable_posts_notifications", "told_of_posts"),
    *_switch("enable_stories_notifications", "disable_stories_notifications", "told_of_stories"),
    *_switch("enable_reels_notifications", "disable_reels_notifications", "told_of_clips"),
    *_switch("enable_videos_notifications", "disable_videos_notifications", "told_of_igtv"),
    *_switch("mute_posts_from_follow", "unmute_posts_from_follow", "mutes_posts"),
    *_switch("mute_stories_from_follow", "unmute_stories_from_follow", "mutes_stories"),
    *_switch("close_friend_add", "close_friend_remove", "close_friend"),
    Row("enable_posts_notifications", lambda s: (s.carl.pk,), refused=exceptions.UnknownError),
    Row(
        "user_block",
        lambda s: (s.carl.pk,),
        leaves=lambda s: (
            s.world.ties.has("blocks", s.studio, s.carl)
            and not s.world.follows(s.carl, s.studio)
            and not s.world.may_see(s.carl, s.studio)
        ),
        before=lambda s: s.world.follow(s.carl, s.studio),
    ),
    Row("user_follow", lambda s: (s.carl.pk,), refused=exceptions.ClientForbiddenError),
    Row(
        "user_unblock",
        lambda s: (s.carl.pk,),
        leaves=lambda s: s.world.may_see(s.carl, s.studio) is False,  # the account is private
    ),
    Row("user_block", lambda s: (s.carl.pk, "elsewhere"), refused=exceptions.UnknownError),
    Row(
        "user_info_v1",
        lambda s: (s.carl.pk,),
        refused=exceptions.UserNotFound,
        before=lambda s: s.world.ties.block(s.carl, s.studio),
    ),
    # The own account
    Row(
        "account_info",
        gives=lambda s, account: (account.username, account.email) == ("studio", "s@studio.test"),
        before=lambda s: s.studio.profile.__setattr__("email", "s@studio.test"),
    ),
    Row(
        "account_edit",
        gives=lambda s, account: account.biography == "We post",
        leaves=lambda s: (
            (s.studio.full_name, s.studio.profile.biography, s.studio.profile.email)
            == ("The Studio", "We post", "s@studio.test")
        ),
        more={"biography": "We post", "full_name": "The Studio"},
    ),
    Row("account_edit", more={"username": "anna"}, refused=exceptions.AccountEditError),
    Row(
        "account_change_picture",
        lambda s: (s.square,),
        lambda s, user: "?v=" in str(user.profile_pic_url),
        lambda s: s.studio.profile.picture is not None,
    ),
    Row("account_set_public", leaves=lambda s: not s.studio.private),
    Row("account_set_private", leaves=lambda s: s.studio.private),
    Row(
        "notification_settings",
        lambda s: ("likes", "off"),
        leaves=lambda s: s.studio.notification_settings == {"likes": "off"},
    ),
    Row("notification_settings", lambda s: ("likes", "loud"), refused=exceptions.UnknownError),
    Row("totp_enable", lambda s: ("000000",), refused=exceptions.UnknownError),
    Row(
        "totp_generate_seed",
        gives=lambda s, seed: s.keep("seed", seed) and len(seed) == 32,
    ),
    Row(
        "totp_enable",
        lambda s: (min(totp_codes(s.kept["seed"])),),
        lambda s, codes: len(codes) == 5,
        lambda s: s.studio.totp_seed == s.kept["seed"],
    ),
    Row("totp_disable", leaves=lambda s: s.studio.totp_seed is None),
)
