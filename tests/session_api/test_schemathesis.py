"""schemathesis against `/session`: every check it has, every operation of the face's document."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from session_api.table import rows
from tests.support.outside import Outside, outside
from tests.support.process import ROOT
from tests.support.studio import PASSWORD, USERNAME

pytestmark = pytest.mark.thirdparty
CONFIG = """
[auth.openapi.key]
bearer = "{key}"
[auth.openapi.session]
api_key = "{session}"
"""
NO_LIMITS = {
    "REPRISE_SESSION_READS_PER_HOUR": "1000000",
    "REPRISE_SESSION_ACTS_PER_DAY": "1000000",
    "REPRISE_SESSION_SOCIAL": "on",
}
# Each ends what the others are tried with.
ENDING = ("deleteAuthSession", "deleteAuthTotp", "postAuthTotp", "postAuthTotpEnable")
# Of some kinds of rows one: read, page, form with choices, upload.
FEW = ("getUser", "getUserFollowers", "patchNotificationsSettings", "postPhotoUpload")


@pytest.fixture(scope="module")
def daemon(sandbox_keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    with outside(tmp_path_factory.mktemp("session"), sandbox_keys, **NO_LIMITS) as running:
        yield running


@pytest.fixture(scope="module")
def session(daemon: Outside) -> str:
    given = {"username": USERNAME, "password": PASSWORD}
    url = f"{daemon.url}/session/auth/login"
    answer = httpx.post(url, data=given, headers=daemon.headers, trust_env=False, timeout=60)
    assert answer.status_code == 200, answer.text
    opened: str = answer.json()
    return opened


@pytest.mark.soak
def test_some_rows_and_the_document_agree(daemon: Outside, session: str, tmp_path: Path) -> None:
    ran = run(daemon, session, tmp_path, "coverage", seed=1, examples=1, only=FEW)
    assert f"Selected: {len(FEW)}/{len(rows())}" in ran


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1, 6))
def test_all_rows_and_the_document_agree(
    daemon: Outside, session: str, tmp_path: Path, seed: int
) -> None:
    # The coverage phase is the same with each seed.
    phases = "coverage,fuzzing" if seed == 1 else "fuzzing"
    ran = run(daemon, session, tmp_path, phases, seed=seed, examples=4)
    assert f"Tested: {len(rows()) - len(ENDING)}" in ran
    counts = re.findall(r"Test cases:.*|.*generated.*|.*passed.*", ran)
    print(f"seed {seed}: {counts}")  # noqa: T201 - the figure


def run(
    daemon: Outside,
    session: str,
    directory: Path,
    phases: str,
    *,
    seed: int,
    examples: int,
    only: Sequence[str] = (),
) -> str:
    """Run schemathesis to its end; it must find nothing, and the daemon must log no error."""
    config = directory / "schemathesis.toml"
    config.write_text(CONFIG.format(key=daemon.key, session=session))
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
        *("run", f"{daemon.url}/session/openapi.json", "--url", f"{daemon.url}/session"),
        *("--checks", "all", "--phases", phases, "--seed", str(seed), "--no-color"),
        *("--max-examples", str(examples), "--continue-on-failure"),
        # A photo that is filmed takes three seconds of a processor, and minutes of a busy one.
        *(
            "--generation-database",
            "none",
            "--request-timeout",
            "300",
            "--max-response-time",
            "300",
        ),
    ]
    for name in only:
        command += ["--include-operation-id", name]
    for name in () if only else ENDING:
        command += ["--exclude-operation-id", name]
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "SCHEMATHESIS_HOOKS": "tests.session_api.schemathesis_hooks",
        "REPRISE_TEST_SESSION": session,
    }
    done = subprocess.run(command, env=env, cwd=directory, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    errors = [line for line in daemon.log.read_text().splitlines() if " ERROR " in line]
    assert errors == [], json.dumps(errors)
    return done.stdout
