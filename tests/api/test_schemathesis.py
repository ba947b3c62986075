"""schemathesis against the running daemon: every check it has, every operation of the document."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from api.app import openapi_document
from tests.support.outside import Outside, outside
from tests.support.process import ROOT

pytestmark = pytest.mark.thirdparty
Way = Literal["bearer", "cookie"]
# Which answers lead where is said in the hooks; guesses besides would use up the examples.
CONFIG = """
[phases.stateful]
max-steps = 12
[phases.stateful.inference]
algorithms = []
[phases.stateful.generation]
max-examples = {scenarios}
"""
BEARER = '[auth.openapi.bearer]\nbearer = "{daemon.key}"\n'
COOKIE = '[auth.openapi.session]\napi_key = "{daemon.cookie}"\n'


@pytest.fixture(scope="module")
def daemon(sandbox_keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    with outside(tmp_path_factory.mktemp("schemathesis"), sandbox_keys) as running:
        yield running


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("way", "phases"),
    [
        pytest.param("bearer", "fuzzing,stateful", id="bearer"),
        # Every limit of every field, which takes as long as a tenth of the suite.
        pytest.param("bearer", "coverage", id="limits", marks=pytest.mark.soak),
        pytest.param("cookie", "fuzzing,stateful", id="cookie", marks=pytest.mark.soak),
    ],
)
def test_the_document_and_the_daemon_agree(
    daemon: Outside, tmp_path: Path, way: Way, phases: str
) -> None:
    run(daemon, tmp_path, way, phases, seed=1, examples=1, scenarios=5)


@pytest.mark.soak
@pytest.mark.parametrize("way", ["bearer", "cookie"])
@pytest.mark.parametrize("seed", range(2, 12))
def test_the_document_and_the_daemon_agree_for_long(
    daemon: Outside, tmp_path: Path, way: Way, seed: int
) -> None:
    phases = "coverage,fuzzing,stateful"
    run(daemon, tmp_path, way, phases, seed=seed, examples=150, scenarios=300)


def run(
    daemon: Outside,
    directory: Path,
    way: Way,
    phases: str,
    *,
    seed: int,
    examples: int,
    scenarios: int,
) -> None:
    """Run schemathesis to its end; it must find nothing, and the daemon must log no error."""
    config = directory / "schemathesis.toml"
    sign_in = {"bearer": BEARER, "cookie": COOKIE}[way].format(daemon=daemon)
    config.write_text(CONFIG.format(scenarios=scenarios) + sign_in)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
        *("run", f"{daemon.url}/api/v1/openapi.json", "--checks", "all", "--phases", phases),
        *("--seed", str(seed), "--max-examples", str(examples), "--continue-on-failure"),
        "--no-color",
        *("--generation-database", "none", "--request-timeout", "30"),
    ]
    command += ["--exclude-operation-id", "listEvents"]  # a stream has no end
    if way == "cookie":
        command += ["--exclude-operation-id", "logOut"]  # which would end the run's own session
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "SCHEMATHESIS_HOOKS": "tests.api.schemathesis_hooks",
        "REPRISE_TEST_ACCOUNT": daemon.account_id,
    }
    done = subprocess.run(command, env=env, cwd=directory, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    # All of them, not a document that failed to load.
    methods = sum(map(len, json.loads(openapi_document())["paths"].values()))
    assert f"Tested: {methods - 1 - (way == 'cookie')}" in done.stdout
    errors = [line for line in daemon.log.read_text().splitlines() if " ERROR " in line]
    assert errors == []
