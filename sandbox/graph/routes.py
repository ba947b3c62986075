"""The Graph API's rows of the routing table, for both of its hosts and for uploads."""

from __future__ import annotations

from sandbox.graph import (
    authorize as graph_login,
)
from sandbox.graph import (
    create as graph_create,
)
from sandbox.graph import (
    edges as graph_edges,
)
from sandbox.graph import (
    objects as graph_objects,
)
from sandbox.graph import (
    page as graph_page,
)
from sandbox.graph import (
    publish as graph_publish,
)
from sandbox.graph import (
    tokens as graph_tokens,
)
from sandbox.graph import (
    transfer as graph_transfer,
)
from sandbox.graph.auth import FACEBOOK_HOST, INSTAGRAM_HOST, UPLOAD_HOST
from sandbox.graph.authorize import AUTHORIZE_HOST, EXCHANGE_HOST
from sandbox.wire.call import GraphHandler
from sandbox.wire.route import Route

_UPLOAD = "/ig-api-upload<version>/<pk>"


def _graph(host: str, method: str, path: str, handler: GraphHandler) -> Route:
    return Route(host=host, method=method, path=f"<version>{path}", graph=handler)


def _both(method: str, path: str, handler: GraphHandler) -> tuple[Route, ...]:
    return tuple(_graph(host, method, path, handler) for host in (INSTAGRAM_HOST, FACEBOOK_HOST))


GRAPH_ROUTES = (
    # Tokens
    _graph(INSTAGRAM_HOST, "GET", "/refresh_access_token", graph_tokens.refresh),
    Route(
        host=FACEBOOK_HOST,
        method="GET",
        path="<version>/oauth/access_token",
        open=graph_tokens.exchange,
    ),
    # Logging in
    Route(host=AUTHORIZE_HOST, method="GET", path="/oauth/authorize", open=graph_login.authorize),
    Route(host=EXCHANGE_HOST, method="POST", path="/oauth/access_token", open=graph_login.redeem),
    Route(host=INSTAGRAM_HOST, method="GET", path="/access_token", open=graph_login.lengthen),
    # Publishing
    *_both("POST", "/<me>/media", graph_create.create),
    *_both("POST", "/<me>/media_publish", graph_publish.publish),
    *_both("GET", "/<me>/content_publishing_limit", graph_publish.limit),
    # Looking
    *_both("GET", "/<me>/media", graph_edges.media),
    *_both("GET", "/<me>/stories", graph_edges.stories),
    *_both("GET", "/<me>", graph_objects.show),
    *_both("DELETE", "/<pk>", graph_publish.delete),
    # Facebook Pages
    _graph(FACEBOOK_HOST, "GET", "/me/accounts", graph_page.accounts),
    _graph(FACEBOOK_HOST, "GET", "/<pk>/photos", graph_page.photos),
    _graph(FACEBOOK_HOST, "POST", "/<pk>/photos", graph_page.photo),
    _graph(FACEBOOK_HOST, "GET", "/<pk>/videos", graph_page.videos),
    _graph(FACEBOOK_HOST, "GET", "/<pk>/published_posts", graph_page.published_posts),
    _graph(FACEBOOK_HOST, "POST", "/<pk>/videos", graph_page.video),
    # Resumable uploads
    Route(host=UPLOAD_HOST, method="GET", path=_UPLOAD, graph=graph_transfer.offset),
    Route(
        host=UPLOAD_HOST,
        method="POST",
        path=_UPLOAD,
        graph=graph_transfer.receive,
        takes_cut=True,
    ),
)
