"""The pages under docs/ become a site without a network, and every link leads somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import ROOT

PAGES = sorted(path.stem for path in (ROOT / "docs").glob("*.md"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make site` builds it; a link that leads nowhere is an error there."""
    output = tmp_path_factory.mktemp("site")
    strictly = ["-W", "--keep-going", "-n", "-q", "-E", "-b", "html"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *strictly, "docs", str(output)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return output


@pytest.mark.acceptance
def test_every_page_is_in_the_index(site: Path) -> None:
    index = (site / "index.html").read_text()
    for name in PAGES:
        assert f'href="{name}.html' in index or name == "index", f"{name}.md is in no list"


@pytest.mark.acceptance
def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    loaded = re.compile(r"""(?:src=|<link[^>]*href=|@import |url\()\s*["']?(?:https?:)?//""")
    for path in site.rglob("*"):
        if path.suffix in (".html", ".css"):
            assert not loaded.search(path.read_text()), path


def test_links_between_files_lead_to_files() -> None:
    """Also of the pages that are on no site, which nothing else looks at."""
    broken = [
        f"{page}: {target}"
        for page in sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("[a-z]*/**/*.md"))
        if not {"node_modules", "site"}.intersection(page.relative_to(ROOT).parts)
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not broken


def test_pages_say_nothing_of_issues_or_machines() -> None:
    for name in PAGES:
        text = (ROOT / "docs" / f"{name}.md").read_text()
        assert str(ROOT) not in text, name
