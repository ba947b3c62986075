"""What service managers are given: systemd's units and launchd's agent, from one source.

`python -m install.units` writes those that are checked in; `reprise service install` writes them
with this installation's own command.
"""

from __future__ import annotations

import plistlib
from collections.abc import Mapping, Sequence
from pathlib import Path

UNIT = "reprise.service"
LABEL = "local.reprise"
AGENT = f"{LABEL}.plist"
# Longer than the daemon takes to finish what is on its way (`daemon.main.GRACE_S`).
STOP_WITHIN_S = 40

_UNIT = """\
# Written by `reprise service install` or `make docs`; put changes into a drop-in:
# systemctl {edit} reprise
[Unit]
Description=Reprise: story reposts and scheduled posts for Instagram
{after}StartLimitIntervalSec=10min
StartLimitBurst=5

[Service]
Type=notify
NotifyAccess=main
ExecStart={command} run
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=5
# Settings that cannot be used, or a data directory in use: starting again mends neither.
RestartPreventExitStatus=2
# Fed while every service makes progress; a first start may migrate a large database.
WatchdogSec=3min
TimeoutStartSec=10min
TimeoutStopSec={stop_within}
# Only the daemon is told to end: it ends its own children, and finishes what is on its way.
KillMode=mixed
# A video that takes too much memory costs its child process, not the daemon.
OOMPolicy=continue
UMask=0077
{place}
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
# The child process that makes videos fit is nice.
SystemCallFilter=setpriority

[Install]
WantedBy={target}
"""
_ONLINE = "Wants=network-online.target\nAfter=network-online.target\n"
_SYSTEM = """
# A user of its own that exists while it runs, /var/lib/reprise, and /etc/reprise/config.toml.
DynamicUser=yes
User=reprise
StateDirectory=reprise
StateDirectoryMode=0700
ConfigurationDirectory=reprise
# Secrets that were stored with `systemd-creds encrypt`; each may be missing (see README.md).
LoadCredentialEncrypted=reprise-key
LoadCredentialEncrypted=reprise-proxy
LoadCredentialEncrypted=reprise-facebook-app-secret

AmbientCapabilities=
CapabilityBoundingSet=
DevicePolicy=closed
KeyringMode=private
PrivateDevices=yes
PrivateMounts=yes
PrivateTmp=yes
PrivateUsers=yes
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=yes"""


def system_unit(command: Sequence[str]) -> str:
    """Return the unit of the whole machine."""
    return _UNIT.format(
        command=_quoted(command),
        edit="edit",
        after=_ONLINE,
        stop_within=STOP_WITHIN_S,
        place=_SYSTEM,
        target="multi-user.target",
    )


def user_unit(command: Sequence[str]) -> str:
    """Return the unit of one user; it works on the same data as that user's commands.

    Without what needs a mount namespace: not every user may have one.
    """
    return _UNIT.format(
        command=_quoted(command),
        edit="--user edit",
        after="",
        stop_within=STOP_WITHIN_S,
        place="",
        target="default.target",
    )


def launch_agent(command: Sequence[str], logs: Path) -> bytes:
    """Return launchd's agent of one user; `logs` is the folder of its log."""
    agent: Mapping[str, object] = {
        "Label": LABEL,
        "ProgramArguments": [*command, "run"],
        "EnvironmentVariables": {"REPRISE_LOG_FILE": str(logs / "reprise.log")},
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 30,
        "ExitTimeOut": STOP_WITHIN_S,
        "StandardOutPath": "/dev/null",
        # What comes before the log is open; the daemon keeps it small.
        "StandardErrorPath": str(logs / "start.log"),
        "Umask": 0o077,
    }
    return plistlib.dumps(dict(agent), sort_keys=False)


def checked_in() -> dict[str, bytes]:
    """Return the files of the folders systemd/ and launchd/ by their paths."""
    return {
        f"systemd/system/{UNIT}": system_unit(["/opt/reprise/bin/reprise"]).encode(),
        f"systemd/user/{UNIT}": user_unit(["%h/.local/bin/reprise"]).encode(),
        f"launchd/{AGENT}": launch_agent(
            ["/Users/you/.local/bin/reprise"], Path("/Users/you/Library/Logs/Reprise")
        ),
    }


def _quoted(command: Sequence[str]) -> str:
    return " ".join(_word(word) for word in command)


def _word(word: str) -> str:
    """Return a word as systemd reads it: `%` and `$` mean something, quotes hold spaces."""
    if word.startswith("%h/"):
        return word
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{word}"' if any(character in word for character in " \t'\"\\;") else word


def main() -> None:
    """Write the checked-in files."""
    for path, content in checked_in().items():
        target = Path(__file__).parents[1] / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


if __name__ == "__main__":
    main()
