"""Settings: where they come from, and that a wrong one is refused by its name."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from daemon.settings import SettingsError, load_settings
from media.fit import StoryFit


def load(tmp_path: Path, toml: str = "", **environ: str) -> object:
    config = tmp_path / "config.toml"
    config.write_text(toml)
    return load_settings({"REPRISE_CONFIG": str(config), **environ})


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    settings = load_settings(
        {
            "REPRISE_CONFIG": str(_file(tmp_path, 'port = 4000\nhost = "::1"\n')),
            "REPRISE_PORT": "5000",
        }
    )
    assert (settings.host, settings.port) == ("::1", 5000)


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def test_variables_with_the_line_ends_of_windows_are_read_without_them(tmp_path: Path) -> None:
    written = {
        "REPRISE_CONFIG": str(_file(tmp_path, "")),
        "REPRISE_DATA_DIR": str(tmp_path / "data"),
        "REPRISE_FACEBOOK_APP_SECRET": "s3cret",
        "REPRISE_STORY_FIT": "crop",
        "REPRISE_PROXY": "",
    }
    read = load_settings({name: f"{value}\r" for name, value in written.items()})
    assert read == load_settings(written)
    assert read.facebook_app_secret == "s3cret"


def test_stories_are_padded_unless_cropping_is_chosen(tmp_path: Path) -> None:
    config = str(_file(tmp_path, ""))
    assert load_settings({"REPRISE_CONFIG": config}).story_fit is StoryFit.PAD
    chosen = load_settings({"REPRISE_CONFIG": config, "REPRISE_STORY_FIT": "crop"})
    assert chosen.story_fit is StoryFit.CROP


def test_defaults(tmp_path: Path) -> None:
    settings = load_settings({"REPRISE_CONFIG": str(_file(tmp_path, ""))})
    assert (settings.host, settings.port, settings.pace) == ("127.0.0.1", 3001, 1.0)
    assert settings.data_dir.is_absolute()


def test_systemds_state_directory_is_the_data_directory(tmp_path: Path) -> None:
    settings = load_settings(
        {"REPRISE_CONFIG": str(_file(tmp_path, "")), "STATE_DIRECTORY": "/var/lib/reprise:/x"}
    )
    assert settings.data_dir == Path("/var/lib/reprise")


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"REPRISE_PROT": "3001"}, "REPRISE_PROT"),
        ({"REPRISE_PORT": "high"}, "REPRISE_PORT"),
        ({"REPRISE_PORT": "70000"}, "REPRISE_PORT"),
        ({"REPRISE_PACE": "-1"}, "REPRISE_PACE"),
        ({"REPRISE_PACE": "nan"}, "REPRISE_PACE"),
        ({"REPRISE_PACE": "0"}, "REPRISE_PACE"),
        ({"REPRISE_PACE": "0", "REPRISE_PROXY": "http://proxy.example:8080"}, "REPRISE_PACE"),
        ({"REPRISE_PROXY": "proxy.example:8080"}, "REPRISE_PROXY"),
        ({"REPRISE_PROXY": "http://ü..de:80"}, "REPRISE_PROXY"),
        ({"REPRISE_PUBLIC_URL": "https://media.example.com:99999"}, "REPRISE_PUBLIC_URL"),
        ({"REPRISE_PUBLIC_URL": "https://[::1]x"}, "REPRISE_PUBLIC_URL"),
        ({"REPRISE_LOG_LEVEL": "loud"}, "REPRISE_LOG_LEVEL"),
        ({"REPRISE_STORY_FIT": "stretch"}, "REPRISE_STORY_FIT"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(
    tmp_path: Path, environ: dict[str, str], name: str
) -> None:
    with pytest.raises(SettingsError, match=name):
        load(tmp_path, **environ)


@pytest.mark.parametrize(
    ("toml", "word"),
    [
        ("prot = 3001", "prot"),
        ("port = ", "config.toml"),
        ('port = "x"', "port"),
        ("port = 1\nport = 2", "config.toml"),
        ("port = " + "9" * 5000, "config.toml"),
        ("port = " + "[" * 100_000, "config.toml"),
        ('log_file = "~nobody-of-that-name/log"', "log_file"),
        ('log_file = "a\\u0000b"', "log_file"),
        ("#" * (1 << 20) + "\nport = 3002", "config.toml"),
    ],
    ids=lambda each: each[:20],
)
def test_a_wrong_file_is_refused(tmp_path: Path, toml: str, word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        load(tmp_path, toml)


def test_what_is_no_file_of_text_is_refused(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"port = 1\xff\0")
    for path in (tmp_path, binary, binary / "under", tmp_path / "missing.toml"):
        with pytest.raises(SettingsError, match=path.name):
            load_settings({"REPRISE_CONFIG": str(path)})


def test_without_a_home_it_runs_where_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(_: int) -> NoReturn:
        raise KeyError

    for variable in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    with pytest.raises(SettingsError, match="REPRISE_DATA_DIR"):
        load_settings({})
    assert load_settings({"REPRISE_DATA_DIR": str(tmp_path)}).port == 3001


def test_a_pace_of_zero_is_for_a_sandbox_on_this_machine(tmp_path: Path) -> None:
    for proxy in ("http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"):
        load(tmp_path, REPRISE_PACE="0", REPRISE_PROXY=proxy)


def test_a_proxys_password_is_not_shown(tmp_path: Path) -> None:
    settings = load(tmp_path, REPRISE_PROXY="http://user:hunter2@proxy.example:8080")
    assert "hunter2" not in repr(settings)


def test_under_systemd_the_file_is_in_its_configuration_directory(tmp_path: Path) -> None:
    _file(tmp_path, "port = 4000\n")
    assert load_settings({"CONFIGURATION_DIRECTORY": str(tmp_path)}).port == 4000


def test_systemds_credentials_are_secrets_that_no_file_needs(tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "reprise-proxy").write_text("http://me:hunter22@proxy:8080\n")
    (folder / "reprise-facebook-app-secret").write_text("app secret\n")
    (folder / "reprise-port").write_text("1")  # no secret
    known = {"REPRISE_CONFIG": str(_file(tmp_path, "")), "CREDENTIALS_DIRECTORY": str(folder)}
    settings = load_settings(known)
    assert (settings.proxy, settings.port) == ("http://me:hunter22@proxy:8080", 3001)
    assert settings.facebook_app_secret == "app secret"
    assert load_settings(known | {"REPRISE_PROXY": "http://other:1"}).proxy == "http://other:1"
    (folder / "reprise-proxy").write_text("ftp://me:hunter22@proxy")
    with pytest.raises(SettingsError) as refused:
        load_settings(known)
    assert "reprise-proxy" in str(refused.value)
    (folder / "reprise-proxy").write_bytes(b"\xff\xfe\x00h")
    with pytest.raises(SettingsError, match="reprise-proxy cannot be read: it is no text"):
        load_settings(known)
    assert "hunter22" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "networks"),
    [("10.0.0.7", ["10.0.0.7/32"]), ("192.168.1.0/24, fd00::/8", ["192.168.1.0/24", "fd00::/8"])],
)
def test_who_may_ask_is_addresses_and_networks(text: str, networks: list[str]) -> None:
    settings = load_settings({"REPRISE_SYSTEM_FROM": text})
    assert [str(network) for network in settings.system_from] == networks


def test_a_name_is_no_network() -> None:
    with pytest.raises(SettingsError, match="REPRISE_SYSTEM_FROM"):
        load_settings({"REPRISE_SYSTEM_FROM": "monitor.lan"})
