"""The routes to Instagram by name."""

from __future__ import annotations

from dataclasses import dataclass

from publish.graph_route import GraphRoute
from publish.private_route import PrivateFeedRoute
from publish.route import Route
from publish.story_route import PrivateStoryRoute
from storage.deliveries import RouteName
from storage.posts import MediaType


@dataclass(frozen=True, slots=True)
class Routes:
    """Every route there is."""

    graph: GraphRoute
    stories: PrivateStoryRoute
    feed: PrivateFeedRoute

    def of(self, name: RouteName, media_type: MediaType) -> Route:
        """Return the route of that name for posts of that kind."""
        if name is RouteName.GRAPH:
            return self.graph
        return self.stories if media_type is MediaType.STORIES else self.feed
