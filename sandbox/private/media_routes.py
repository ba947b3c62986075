"""The rows of the routing table that are about posts, stories, comments, hashtags and places."""

from __future__ import annotations

from sandbox.private import (
    comments,
    configure,
    feeds,
    highlights,
    media,
    places,
    posts,
    saved,
    stories,
    story_acts,
    tags,
    uploads,
)
from sandbox.wire.route import WEB_HOST, Route, private

MEDIA_ROUTES: tuple[Route, ...] = (
    # Feeds
    private("POST", "feed/reels_tray/", stories.tray),
    private("POST", "feed/timeline/", feeds.timeline),
    private("GET", "feed/user/<pk>/story/", stories.reel),
    private("GET", "feed/user/<pk>/", posts.grid),
    private("GET", "usertags/<pk>/feed/", posts.tagged),
    private("GET", "igtv/channel/", posts.channel),
    private("GET", "feed/liked/", posts.liked),
    private("POST", "clips/user/", posts.reels),
    private("POST", "clips/connected/", feeds.followed_reels),
    private("POST", "clips/discover/", feeds.new_reels),
    private("POST", "clips/discover/social/", feeds.friends_reels),
    private("GET", "discover/topical_explore/", feeds.explore),
    private("GET", "discover/media_metadata/", feeds.explored),
    # One story or post
    private("GET", "media/<id>/info/", media.info),
    private("POST", "media/<id>/delete/", media.delete),
    private("POST", "media/<id>/edit_media/", media.edit),
    private("GET", "media/<id>/likers/", media.likers),
    private("POST", "media/<id>/like/", media.like(on=True)),
    private("POST", "media/<id>/unlike/", media.like(on=False)),
    private("POST", "media/<id>/only_me/", media.put_away(on=True)),
    private("POST", "media/<id>/undo_only_me/", media.put_away(on=False)),
    private("POST", "users/pin_timeline_media/", media.pin(on=True)),
    private("POST", "users/unpin_timeline_media/", media.pin(on=False)),
    private("POST", "/api/v2/media/seen/", media.see),
    private("GET", "oembed", media.oembed),
    # Saved
    private("POST", "media/<id>/save/", saved.save(on=True)),
    private("POST", "media/<id>/unsave/", saved.save(on=False)),
    private("GET", "collections/list/", saved.collections),
    private("GET", "feed/collection/<pk>/", saved.content),
    private("GET", "feed/saved/posts/", saved.everything),
    # Comments
    *(private(method, "media/<id>/comments/", comments.below) for method in ("GET", "POST")),
    private("GET", "media/<id>/stream_comments/", comments.stream),
    *(
        private(method, "media/<id>/comments/<pk>/inline_child_comments/", comments.answers)
        for method in ("GET", "POST")
    ),
    private("POST", "media/<id>/comment/", comments.write),
    private("POST", "media/<id>/comment/bulk_delete/", comments.remove),
    private("POST", "media/<pk>/comment_like/", comments.like(on=True)),
    private("POST", "media/<pk>/comment_unlike/", comments.like(on=False)),
    private("POST", "media/<id>/pin_comment/<pk>/", comments.pin(on=True)),
    private("POST", "media/<id>/unpin_comment/<pk>/", comments.pin(on=False)),
    private("GET", "media/comment_infos/", comments.infos),
    private("POST", "media/comment/check_offensive_comment/", comments.check),
    Route(host=WEB_HOST, method="GET", path="/graphql/query/", open=comments.web_likers),
    # Hashtags and places
    private("GET", "tags/search/", tags.search),
    private("GET", "tags/<name>/info/", tags.info),
    private("POST", "tags/<name>/sections/", tags.sections),
    private("POST", "web/tags/follow/<name>/", tags.follow(on=True), WEB_HOST),
    private("POST", "web/tags/unfollow/<name>/", tags.follow(on=False), WEB_HOST),
    private("GET", "location_search/", places.near),
    private("GET", "fbsearch/places/", places.search),
    private("GET", "locations/<pk>/location_info/", places.info),
    private("POST", "locations/<pk>/sections/", tags.place_sections),
    # Stories and highlights
    private("GET", "media/<pk>/list_reel_media_viewer/", story_acts.viewers),
    private("GET", "archive/reel/day_shells_paginated/", story_acts.archive),
    private("POST", "story_interactions/send_story_like", story_acts.like(on=True)),
    private("POST", "story_interactions/unsend_story_like", story_acts.like(on=False)),
    private("POST", "feed/reels_media/", highlights.reels),
    private("GET", "highlights/<pk>/highlights_tray/", highlights.tray),
    private("POST", "highlights/create_reel/", highlights.create),
    private("POST", "highlights/<name>/edit_reel/", highlights.edit),
    private("POST", "highlights/<name>/delete_reel/", highlights.delete),
    # Uploading and publishing
    private("POST", "/upload_settings/<name>", uploads.settings),
    private("POST", "/rupload_igphoto/<name>", uploads.photo),
    private("GET", "/rupload_igvideo/<name>", uploads.video_offset),
    private("POST", "/rupload_igvideo/<name>", uploads.video),
    private("POST", "media/validate_reel_url/", configure.validate_link),
    private("POST", "media/configure_to_story/", configure.story),
    private("POST", "media/configure/", configure.feed),
    private("POST", "media/configure_to_clips/", configure.reel),
    private("POST", "media/configure_sidecar/", configure.album),
)
