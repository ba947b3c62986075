"""The rows of the routing table that are about people: lists, ties, and the own account."""

from __future__ import annotations

from sandbox.private import friendships, notes, profile
from sandbox.wire.route import Route, private
from sandbox.world.ties import Mark

_TOLD_OF: dict[str, Mark] = {
    "": "told_of_posts",
    "_for_stories": "told_of_stories",
    "_for_clips": "told_of_clips",
    "_for_igtv": "told_of_igtv",
}

SOCIAL_ROUTES: tuple[Route, ...] = (
    private("GET", "users/search/", friendships.search),
    private("POST", "bloks/apps/com.instagram.interactions.about_this_account/", profile.about),
    # Notes
    private("POST", "notes/create_note", notes.create),
    private("POST", "notes/delete_note/", notes.delete),
    private("POST", "/graphql/query", notes.graphql),
    # Ties
    private("GET", "friendships/<pk>/followers/", friendships.followers),
    private("GET", "friendships/<pk>/following/", friendships.following),
    private("GET", "friendships/pending/", friendships.pending),
    private("GET", "friendships/show/<pk>/", friendships.show),
    private("POST", "friendships/show_many/", friendships.show_many),
    private("POST", "friendships/create/<pk>/", friendships.create),
    private("POST", "friendships/destroy/<pk>/", friendships.destroy),
    private("POST", "friendships/remove_follower/<pk>/", friendships.remove_follower),
    private("POST", "friendships/approve/<pk>/", friendships.approve),
    private("POST", "friendships/ignore/<pk>/", friendships.ignore),
    private("POST", "friendships/block/<pk>/", friendships.block),
    private("POST", "friendships/unblock/<pk>/", friendships.unblock),
    private("POST", "friendships/set_besties/", friendships.set_close_friends),
    *(
        private(
            "POST",
            f"friendships/{'mute' if on else 'unmute'}_posts_or_story_from_follow/",
            friendships.mute(on=on),
        )
        for on in (True, False)
    ),
    *(
        private(
            "POST",
            f"friendships/{'favorite' if on else 'unfavorite'}{what}/<pk>/",
            friendships.told_of(mark, on=on),
        )
        for what, mark in _TOLD_OF.items()
        for on in (True, False)
    ),
    # The own account
    private("POST", "accounts/edit_profile/", profile.edit),
    private("POST", "accounts/set_biography/", profile.set_biography),
    private("POST", "accounts/change_profile_picture/", profile.change_picture),
    private("POST", "accounts/set_private/", profile.set_privacy(private=True)),
    private("POST", "accounts/set_public/", profile.set_privacy(private=False)),
    private("POST", "accounts/generate_two_factor_totp_key/", profile.offer_totp),
    private("POST", "accounts/enable_totp_two_factor/", profile.enable_totp),
    private("POST", "accounts/disable_totp_two_factor/", profile.disable_totp),
    private("POST", "notifications/change_notification_settings/", profile.change_notification),
)
