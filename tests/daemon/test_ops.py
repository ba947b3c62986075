"""The alert rules and the dashboard: they ask for metrics that there are, with labels they have."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from instagram import errors
from tests.support.posting import photo_id, publish, story, until
from tests.support.process import ROOT
from tests.support.served import Served
from tests.support.tools import program

OPS = ROOT / "ops"
_METRIC = re.compile(r"\b(?:reprise|process)_\w+")
_SELECTOR = re.compile(r"\b(reprise_\w+)\{([^}]*)\}")


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((OPS / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((OPS / "grafana-dashboard.json").read_text())["panels"]
    return found


def expressions() -> list[str]:
    asked = [rule["expr"] for rule in alerts()]
    return asked + [target["expr"] for panel in panels() for target in panel["targets"]]


async def test_they_name_only_metrics_and_labels_that_there_are(served: Served) -> None:
    studio = served.studio
    await studio.configure()
    await until(served, await publish(served, story(served, await photo_id(served))), "PUBLISHED")
    studio.core.graph._http.requests["publish", "ok"] += 1
    studio.mention(studio.friend("anna"))
    await studio.scan()
    text = (await served.call("GET", "/metrics", key=None)).body
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    labels = {sample.name: set(sample.labels) for sample in samples}
    documented = (ROOT / "docs" / "observability.md").read_text()
    for expression in expressions():
        assert set(_METRIC.findall(expression)) <= set(labels), expression
        for name, selector in _SELECTOR.findall(expression):
            asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
            assert asked <= labels[name] | {"job"}, expression
    for family in text_string_to_metric_families(text):
        if family.name.startswith("reprise"):
            assert f"`{family.name}" in documented


def test_the_results_that_alerts_look_for_are_errors_that_there_are() -> None:
    (names,) = (
        re.search(r'result=~"([^"]*)"', rule["expr"]) for rule in alerts()
        if rule["alert"] == "RepriseAccountTrouble"
    )  # fmt: skip
    assert names
    for name in names[1].split("|"):
        assert issubclass(getattr(errors, name), errors.InstagramError)


def test_every_alert_says_what_to_do() -> None:
    for rule in alerts():
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["labels"]["severity"] in ("warning", "critical")


def test_panels_do_not_overlap_and_have_ids_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_prometheus_takes_the_rules(tmp_path: Path) -> None:
    done = subprocess.run(
        [program("promtool"), "check", "rules", str(OPS / "alerts.yml")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
