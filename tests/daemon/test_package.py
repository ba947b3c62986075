"""The installed wheel starts with nothing but its own dependencies."""

from __future__ import annotations

import ast
import re
import sys
import sysconfig
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
import trio

from tests.daemon.test_demo import check_demo
from tests.support.process import ROOT, Finished, environment

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")


def needed(requirements: list[str]) -> set[str]:
    """Return the names of what is installed for these, and for what they need in turn."""
    found: set[str] = set()
    waiting = list(requirements)
    while waiting:
        one = waiting.pop()
        name = normal(re.split(r"[\s;<>=!~\[(]", one, maxsplit=1)[0])
        if name not in found and "extra ==" not in one:
            found.add(name)
            try:
                waiting += requires(name) or []
            except PackageNotFoundError:  # for another system
                found.discard(name)
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported() -> dict[str, Path]:
    """Return the top modules that the wheel's packages import, each with a file that does."""
    found: dict[str, Path] = {}
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0]: path for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found[node.module.partition(".")[0]] = path
    return found


def test_everything_that_is_imported_is_a_dependency() -> None:
    project = PROJECT["project"]
    ours = needed(project["dependencies"] + project["optional-dependencies"]["heic"])
    of_module = packages_distributions()
    for module, path in imported().items():
        if module not in sys.stdlib_module_names and module not in PACKAGES:
            found = {normal(name) for name in of_module.get(module, ())}
            assert found & ours, f"{path} imports {module}, which is no dependency"


async def installed(tmp_path: Path, *how: str) -> Path:
    """Install the wheel in an environment of its own; returns that."""
    venv = tmp_path / "venv"
    wheels = [sys.executable, *PIP, "wheel", "--no-deps", "--wheel-dir", str(tmp_path), "."]
    await trio.run_process(wheels, cwd=ROOT)
    await trio.run_process([sys.executable, "-m", "venv", "--without-pip", str(venv)])
    (wheel,) = tmp_path.glob("reprise-*.whl")
    pip = [sys.executable, *PIP, "--python", str(venv / "bin" / "python")]
    await trio.run_process([*pip, "install", *how, str(wheel)])
    return venv


async def works(venv: Path, tmp_path: Path) -> None:
    """Let the installed command do the demo."""
    env = environment(tmp_path)
    del env["PYTHONPATH"]
    script = str(venv / "bin" / "reprise")
    version = await trio.run_process([script, "--version"], capture_stdout=True, cwd=tmp_path)
    assert version.stdout.startswith(b"reprise, version")
    output = tmp_path / "out"
    done = await trio.run_process(
        [script, "demo", "--json", "--output", str(output)],
        env=env,
        check=False,
        capture_stdout=True,
        capture_stderr=True,
        cwd=tmp_path,
    )
    check_demo(Finished(done.returncode, done.stdout.decode(), done.stderr.decode()), output)


@pytest.mark.acceptance
async def test_the_wheel_has_all_that_the_demo_needs(tmp_path: Path) -> None:
    """The dependencies are this environment's own; the long run installs them too."""
    venv = await installed(tmp_path, "--no-deps")
    (theirs,) = (venv / "lib").glob("python3*/site-packages")
    (theirs / "here.pth").write_text(sysconfig.get_path("purelib"))
    (theirs / "sitecustomize.py").write_text(
        # Nothing of this clone, which is installed here to be edited.
        f"import sys; sys.path[:] = [p for p in sys.path if p != {str(ROOT)!r}]; sys.meta_path[:] ="
        ' [f for f in sys.meta_path if "editable" not in str(f)]'
    )
    where = await trio.run_process(
        [str(venv / "bin" / "python"), "-c", "import api; print(api.__file__)"],
        capture_stdout=True,
        cwd=tmp_path,
    )
    assert where.stdout.decode().startswith(str(venv))
    await works(venv, tmp_path)


@pytest.mark.soak
async def test_the_wheel_starts_without_development_dependencies(tmp_path: Path) -> None:
    venv = await installed(tmp_path)
    missing = await trio.run_process(
        [str(venv / "bin" / "python"), "-c", "import pytest"],
        check=False,
        capture_stderr=True,
        cwd=tmp_path,
    )
    assert missing.returncode != 0
    await works(venv, tmp_path)
