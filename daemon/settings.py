"""Settings: environment, then `config.toml`, then default. Unknown ones are refused."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from api.system import Network
from cloud import API
from daemon import setting_values as values
from instagram.private.options import check_proxy, is_loopback
from media.fit import StoryFit
from webhooks.targets import Targets


class SettingsError(Exception):
    """A setting that cannot be used; the message names it and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an operator can set. Secrets are not shown in its repr."""

    host: str = "127.0.0.1"
    port: int = 3001
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    insecure: str | None = None
    data_dir: Path
    proxy: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    pace: float = 1.0
    rate_limit_rpm: int = 100
    rate_limit_rph: int = 1000
    max_file_size_mb: int = 100
    public_url: str | None = None
    graph_version: str = "v26.0"
    facebook_app_id: str | None = None
    facebook_app_secret: str | None = field(default=None, repr=False)
    post_spacing_minutes: int = 15
    schedule_grace_minutes: int = 60
    database_copies: int = 7
    min_free_mb: int = 64
    story_fit: StoryFit = StoryFit.PAD
    repost_media_days: int = 30
    log_level: str = "info"
    log_format: str = "auto"
    log_file: Path | None = None
    system_from: tuple[Network, ...] = ()
    webhook_targets: Targets | None = None
    cloudflare_api: str = API
    session_api: bool = True
    session_reads_per_hour: int = 100
    session_acts_per_day: int = 200
    session_social: bool = False
    session_days: int = 30
    env: str = "production"

    @property
    def database(self) -> Path:
        return self.data_dir / "reprise.db"

    @property
    def media_dir(self) -> Path:
        return self.data_dir / "media"


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the settings table: how a text becomes a value, and what it means."""

    name: str
    variable: str
    parse: Callable[[str], Any]
    help: str


TABLE = (
    Setting("host", "REPRISE_HOST", str, "Address the API listens on"),
    Setting("port", "REPRISE_PORT", values.port, "Port the API listens on; 0 takes a free one"),
    Setting(
        "tls_certificate",
        "REPRISE_TLS_CERTIFICATE",
        values.path,
        "File with the certificate that the API is encrypted with, and what it was issued by",
    ),
    Setting("tls_key", "REPRISE_TLS_KEY", values.path, "File with its key"),
    Setting(
        "allowed_hosts",
        "REPRISE_ALLOWED_HOSTS",
        values.hosts,
        "Names and addresses that the API is called by from other machines",
    ),
    Setting(
        "trusted_proxies",
        "REPRISE_TRUSTED_PROXIES",
        values.proxies,
        "Proxies that are believed for whom they ask (X-Forwarded-For, Forwarded)",
    ),
    Setting(
        "insecure",
        "REPRISE_INSECURE",
        values.one_of("yes-without-tls"),
        "yes-without-tls lets REPRISE_HOST be another machine's without encryption",
    ),
    Setting("data_dir", "REPRISE_DATA_DIR", values.path, "Folder of database, media and key"),
    Setting("proxy", "REPRISE_PROXY", check_proxy, "Proxy for all traffic to Meta"),
    Setting("ca_file", "REPRISE_CA_FILE", values.path, "A CA to trust for that traffic as well"),
    Setting(
        "pace",
        "REPRISE_PACE",
        values.pace,
        "Factor on human-like pauses; 0 only with a local sandbox",
    ),
    Setting("rate_limit_rpm", "RATE_LIMIT_RPM", values.count, "Requests a minute per API key"),
    Setting("rate_limit_rph", "RATE_LIMIT_RPH", values.count, "Requests an hour per API key"),
    Setting("max_file_size_mb", "MAX_FILE_SIZE_MB", values.count, "Largest upload, in MB"),
    Setting(
        "public_url",
        "REPRISE_PUBLIC_URL",
        values.public_url,
        "Address under which Meta can fetch our media; needed to publish through Graph",
    ),
    Setting(
        "graph_version", "REPRISE_GRAPH_VERSION", values.graph_version, "Version of Meta's API"
    ),
    Setting("facebook_app_id", "REPRISE_FACEBOOK_APP_ID", str, "App for Facebook Login's tokens"),
    Setting("facebook_app_secret", "REPRISE_FACEBOOK_APP_SECRET", str, "Its secret"),
    Setting(
        "post_spacing_minutes",
        "REPRISE_POST_SPACING_MINUTES",
        values.minutes,
        "Least time between two posts of an account",
    ),
    Setting(
        "schedule_grace_minutes",
        "REPRISE_SCHEDULE_GRACE_MINUTES",
        values.minutes,
        "How late a post that was missed while the daemon was off still goes out",
    ),
    Setting(
        "database_copies",
        "REPRISE_DATABASE_COPIES",
        values.none_or_more,
        "How many daily copies of the database are kept; 0 for none",
    ),
    Setting(
        "min_free_mb",
        "REPRISE_MIN_FREE_MB",
        values.none_or_more,
        "With less free space, in MB, uploads are refused and publishing pauses",
    ),
    Setting(
        "story_fit",
        "REPRISE_STORY_FIT",
        values.story_fit,
        "What becomes of stories that are not 9:16: pad (all of it, on its own blur) or crop",
    ),
    Setting(
        "repost_media_days",
        "REPRISE_REPOST_MEDIA_DAYS",
        values.days,
        "Days for which media of finished reposts are kept, 0 for ever; the history stays",
    ),
    Setting(
        "log_level",
        "REPRISE_LOG_LEVEL",
        values.one_of("debug", "info", "warning", "error"),
        "What is logged",
    ),
    Setting(
        "log_format",
        "REPRISE_LOG_FORMAT",
        values.one_of("auto", "text", "json", "journal"),
        "How it is logged; auto is journal under systemd, else text",
    ),
    Setting(
        "log_file",
        "REPRISE_LOG_FILE",
        values.path,
        "Where it is logged instead of standard error; rotated at 10 MB, five old files are kept",
    ),
    Setting(
        "system_from",
        "REPRISE_SYSTEM_FROM",
        values.networks,
        "Who beside this machine may read /health, /ready, /metrics, /build and /deps",
    ),
    Setting(
        "webhook_targets",
        "REPRISE_WEBHOOK_TARGETS",
        values.webhook_targets,
        "Where webhooks and notices may lead: loopback (anywhere), lan (all but this machine),"
        " public (the internet alone), or networks; loopback while only this machine reaches the"
        " API, else public",
    ),
    Setting(
        "cloudflare_api",
        "REPRISE_CLOUDFLARE_API",
        values.service_url,
        "Where Cloudflare's management API is; for a simulated one",
    ),
    Setting(
        "session_api",
        "REPRISE_SESSION_API",
        values.switch,
        "off takes /session away: Instagram's own calls by session, for this machine's programs",
    ),
    Setting(
        "session_reads_per_hour",
        "REPRISE_SESSION_READS_PER_HOUR",
        values.count,
        "How much each account may be asked to read by session within an hour",
    ),
    Setting(
        "session_acts_per_day",
        "REPRISE_SESSION_ACTS_PER_DAY",
        values.count,
        "How many acts of its own that can be undone each account may do by session within a day",
    ),
    Setting(
        "session_social",
        "REPRISE_SESSION_SOCIAL",
        values.switch,
        "on lets sessions follow, like, comment and write to others, within hard limits",
    ),
    Setting(
        "session_days",
        "REPRISE_SESSION_DAYS",
        values.count,
        "Days without use after which a session ends",
    ),
    Setting(
        "env",
        "REPRISE_ENV",
        values.one_of("production", "development"),
        "development adds `details` to validation errors",
    ),
)
# Settings whose value is never shown.
SECRETS = ("proxy", "facebook_app_secret")
_CONFIG_VARIABLE = "REPRISE_CONFIG"
_LONGEST_FILE = 1 << 20
# Not settings: where they are, and what clients of the API are told by.
_OF_OTHERS = (_CONFIG_VARIABLE, "REPRISE_API_KEY", "REPRISE_URL")


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of this process; raises `SettingsError`."""
    # A file of variables with Windows' line ends leaves half of one at each value.
    environ = {name: value.rstrip("\r\n") for name, value in environ.items()}
    path = config_file(environ)
    required = bool(environ.get(_CONFIG_VARIABLE))
    found = _from_file(path, required=required) if path is not None else {}
    found |= _from_credentials(environ) | _from_environment(environ)
    if "data_dir" not in found:
        found["data_dir"] = _default_data_dir(environ)
    settings = Settings(**found)
    _check_pace(settings)
    _check_pair(settings)
    return settings


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    known = {setting.variable: setting for setting in TABLE}
    for variable in environ:
        if variable.startswith("REPRISE_") and variable not in known and variable not in _OF_OTHERS:
            raise SettingsError(f"{variable} is no setting of Reprise; see `reprise check-config`")
    return {
        setting.name: _parsed(setting, setting.variable, environ[setting.variable])
        for setting in TABLE
        if environ.get(setting.variable)
    }


def _from_credentials(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read the secrets that systemd keeps: `reprise-proxy` is the setting `proxy`."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    found = {}
    for setting in TABLE if folder else ():
        path = Path(folder or "", f"reprise-{setting.name.replace('_', '-')}")
        if setting.name in SECRETS and path.is_file():
            try:
                text = path.read_text(encoding="utf-8-sig").strip()
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "it is no text"
                raise SettingsError(f"{path.name} cannot be read: {why}") from None
            found[setting.name] = _parsed(setting, path.name, text)
    return found


def _from_file(path: Path, *, required: bool) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            said = file.read(_LONGEST_FILE + 1)
        if len(said) > _LONGEST_FILE:
            raise SettingsError(f"{path} cannot be read: it is no file of settings, so long it is")
        table = tomllib.loads(said.decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError) as missing:
        if not required:
            return {}
        raise SettingsError(f"{path} cannot be read: {missing.strerror}") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    # Of a number without an end, and of lists in lists, the parser says so in its own ways.
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    known = {setting.name: setting for setting in TABLE}
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise SettingsError(f"{path}: {unknown[0]} is no setting of Reprise")
    return {
        name: _parsed(known[name], f"{path}: {name}", str(value)) for name, value in table.items()
    }


def _parsed(setting: Setting, where: str, text: str) -> Any:
    try:
        return setting.parse(text)
    except ValueError as error:
        shown = where if setting.name in SECRETS else f"{where} = {text!r}"
        raise SettingsError(f"{shown} cannot be used: {error}") from None


def _check_pace(settings: Settings) -> None:
    if settings.pace == 0 and not is_loopback(settings.proxy):
        raise SettingsError(
            "REPRISE_PACE = 0 takes every pause out and is only for a sandbox: "
            "REPRISE_PROXY must then be an address of this machine"
        )


def _check_pair(settings: Settings) -> None:
    given = {
        "REPRISE_TLS_CERTIFICATE": settings.tls_certificate,
        "REPRISE_TLS_KEY": settings.tls_key,
    }
    missing = [name for name, file in given.items() if file is None]
    if len(missing) == 1:
        raise SettingsError(f"{missing[0]} is missing: a certificate and its key go together")


def config_file(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return where the optional file with settings is, or would be; None without a home."""
    if chosen := environ.get(_CONFIG_VARIABLE):
        return values.path(chosen)
    if under_systemd := environ.get("CONFIGURATION_DIRECTORY"):
        return Path(under_systemd) / "config.toml"
    try:
        return platformdirs.user_config_path("reprise", appauthor=False) / "config.toml"
    except RuntimeError:
        return None


def _default_data_dir(environ: Mapping[str, str]) -> Path:
    under_systemd = environ.get("STATE_DIRECTORY", "").split(":")[0]
    if under_systemd:
        return Path(under_systemd)
    try:
        return platformdirs.user_data_path("reprise", appauthor=False)
    except RuntimeError:
        raise SettingsError("This user has no home to keep data in: set REPRISE_DATA_DIR") from None
