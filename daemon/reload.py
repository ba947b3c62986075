"""SIGHUP: settings are read again, and those that can change at once do.

A file that cannot be used changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import fields, replace

from daemon.settings import Settings, SettingsError

logger = logging.getLogger(__name__)
# What `apply` puts into force while the daemon runs; all others are read at its start only.
AT_ONCE = frozenset(
    {
        "log_level",
        "log_format",
        "rate_limit_rpm",
        "rate_limit_rph",
        "system_from",
        "allowed_hosts",
        "trusted_proxies",
    }
)


class Reloader:
    """Knows the settings in force, and replaces them."""

    def __init__(
        self,
        settings: Settings,
        load: Callable[[], Settings],
        apply: Callable[[Settings], None],
    ) -> None:
        """`load` raises `SettingsError`; `apply` hears the settings that are in force then."""
        self._settings = settings
        self._load = load
        self._apply = apply

    def reload(self) -> None:
        """Read the settings again, put into force what can be, and log the names of the rest."""
        try:
            self._replace(self._load())
        except SettingsError as unusable:
            logger.warning("settings kept as they were reason=%s", unusable)
        except Exception:
            # Whoever has a mistake in a file is not to lose the daemon by it.
            logger.exception("settings were not read again")

    def _replace(self, wanted: Settings) -> None:
        differing = [
            field.name
            for field in fields(Settings)
            if getattr(wanted, field.name) != getattr(self._settings, field.name)
        ]
        new = {name: getattr(wanted, name) for name in differing if name in AT_ONCE}
        changed = replace(self._settings, **new)
        self._apply(changed)
        self._settings = changed
        logger.info("settings reloaded changed=%s", ",".join(sorted(new)) or "none")
        if waiting := [name for name in differing if name not in AT_ONCE]:
            logger.warning("settings that need a restart names=%s", ",".join(waiting))
