"""What only a sandbox's pages have is nowhere else, and does nothing for who may not."""

from __future__ import annotations

from unittest import mock

from quart_trio import QuartTrio

from daemon.simulated import simulation_of
from operations.scopes import PRESETS, text_of
from tests.api.test_scopes import sign_in
from tests.support.served import Served
from tests.support.studio import settings_for
from web.face import WebFace
from web.simulation import Simulation


def test_only_without_pauses_and_with_a_proxy_here_does_a_daemon_live_in_a_sandbox() -> None:
    near, far = mock.Mock(proxy_url="http://127.0.0.1:9"), mock.Mock(proxy_url="http://10.0.0.1:9")
    made = [
        simulation_of(
            mock.Mock(
                settings=settings_for(proxy, mock.Mock(), pace=pace),
                clock=mock.Mock(move_on=None),
            )
        )
        for proxy, pace in ((near, 0.0), (far, 0.0), (near, 1.0))
    ]
    assert made == [Simulation("http://127.0.0.1:9", None), Simulation(None, None), None]


def test_in_life_there_is_no_such_route() -> None:
    for simulation, known in ((None, False), (Simulation("http://127.0.0.1:9", None), True)):
        app = QuartTrio("pages")
        WebFace(mock.Mock(), simulation=simulation).mount(app, mock.Mock())
        assert any(rule.rule.startswith("/sandbox") for rule in app.url_map.iter_rules()) is known


async def test_the_band_is_on_every_page_and_its_buttons_are_for_who_may(served: Served) -> None:
    stranger = await served.call("GET", "/nothing", key=None, headers={"Accept": "text/html"})
    assert "Nothing reaches Instagram" in stranger.body
    assert "Make something happen" not in stranger.body
    refused = await served.call("POST", "/sandbox/happen", key=None)
    assert refused.status == 401
    await sign_in(served, scopes=text_of(PRESETS["approver"]))
    page = await served.call("GET", "/mentions", key=None)
    assert "Nothing reaches Instagram" in page.body
    before = served.studio.sandbox.faults.active[:]
    asked = await served.client.post("/sandbox/happen", data={"what": "challenge"})
    assert (asked.status_code == 403) is ("Make something happen" not in page.body)
    if asked.status_code == 403:
        assert served.studio.sandbox.faults.active == before
