"""An uploaded Worker in `workerd`: its objects on disk, its KV and R2 kept by the sandbox."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL

import trio

from sandbox.wire.certificates import write_private

_HERE = Path(__file__).parent
_START_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Script:
    """What was uploaded: modules by name, the first one's name, and what is bound to it."""

    name: str
    main: str
    modules: Mapping[str, str]
    texts: Mapping[str, str]  # plain and secret ones
    objects: Mapping[str, str]  # binding to class
    kv: Sequence[str] = ()
    r2: Sequence[str] = ()


@dataclass(slots=True)
class Runtime:
    """`workerd` with one script. `ports` are of the stores and, by host, of the tunnels."""

    program: Path
    directory: Path
    ca_file: Path
    store_port: int
    tunnels: Mapping[str, int]
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, script: Script) -> None:
        """Run a script, on the port it had before; raises `RuntimeError` with what is wrong."""
        self.directory.mkdir(parents=True, exist_ok=True)
        config = self.directory / "config.capnp"
        write_private(config, self._config(script).encode())  # it holds the secrets
        log = self.directory / "workerd.log"
        told = self._spawn(config, log)
        with trio.move_on_after(_START_LIMIT_S):
            line = await trio.to_thread.run_sync(_line_of, told, abandon_on_cancel=True)
            if line:
                self.port = int(json.loads(line)["port"])
                return
        await self.kill()
        raise RuntimeError(log.read_text(errors="replace")[-2000:])

    def _spawn(self, config: Path, log: Path) -> int:
        """Start the program; returns a descriptor that tells where it listens."""
        told, tell = os.pipe()
        command = [str(self.program), "serve", str(config), "--experimental"]
        command.append(f"--control-fd={tell}")
        try:
            with log.open("ab") as errors:
                self.process = subprocess.Popen(  # noqa: S603 - our own program
                    [*command, f"--control-fd={tell}"],
                    pass_fds=(tell,),
                    stdout=errors,
                    stderr=errors,
                    restore_signals=False,  # a write beyond the limit fails, and does not end it
                )
        finally:
            os.close(tell)
        return told

    def fill(self, is_full: bool = True) -> None:
        """Let no more be written to its disk, or let it be again."""
        if self.process is not None:
            _soft, hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
            limits = (0 if is_full else hard, hard)
            resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, limits)

    async def kill(self) -> None:
        """End it as a crash would."""
        if self.process is not None:
            self.process.send_signal(SIGKILL)
            await trio.to_thread.run_sync(self.process.wait)
            self.process = None

    def _config(self, script: Script) -> str:
        texts = [
            f"(name={_text(name)}, text={_text(value)})" for name, value in script.texts.items()
        ]
        objects = [
            f"(name={_text(name)}, durableObjectNamespace={_text(made)})"
            for name, made in script.objects.items()
        ]
        stores = [f'(name={_text(name)}, kvNamespace="kv")' for name in script.kv]
        stores += [f'(name={_text(name)}, r2Bucket="r2")' for name in script.r2]
        modules = [
            f"(name={_text(name)}, esModule={_text(code)})"
            for name, code in sorted(
                script.modules.items(), key=lambda item: item[0] != script.main
            )
        ]
        classes = [
            f"(className={_text(made)}, uniqueKey={_text(f'{script.name}-{made}')}, enableSql=true)"
            for made in sorted(set(script.objects.values()))
        ]
        hosts = [f"(name={_text(host)}, service={_text(host)})" for host in self.tunnels]
        return _CONFIG.format(
            modules=", ".join(modules),
            bindings=", ".join([*texts, *objects, *stores]),
            classes=", ".join(classes),
            entry=_text((_HERE / "entry.js").read_text()),
            outbound=_text((_HERE / "outbound.js").read_text()),
            hosts=", ".join(hosts),
            services=",\n".join(self._hosts()),
            disk=_text(str(self._disk())),
            store=self.store_port,
            port=self.port,
        )

    def _hosts(self) -> list[str]:
        trusted = _text(self.ca_file.read_text())
        return [
            f'(name={_text(host)}, external=(address="127.0.0.1:{port}", https=(options=(),'
            f" tlsOptions=(trustedCertificates=[{trusted}]), certificateHost={_text(host)})))"
            for host, port in self.tunnels.items()
        ]

    def _disk(self) -> Path:
        disk = self.directory / "objects"
        disk.mkdir(exist_ok=True)
        return disk


_CONFIG = """using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name="main", worker=(modules=[{modules}], compatibilityDate="2026-06-01",
      bindings=[{bindings}], durableObjectNamespaces=[{classes}],
      durableObjectStorage=(localDisk="disk"), globalOutbound="outbound")),
    (name="entry", worker=(modules=[(name="entry.js", esModule={entry})],
      compatibilityDate="2026-06-01", compatibilityFlags=["service_binding_extra_handlers"],
      bindings=[(name="MAIN", service="main")])),
    (name="outbound", worker=(modules=[(name="outbound.js", esModule={outbound})],
      compatibilityDate="2026-06-01", bindings=[{hosts}])),
    (name="disk", disk=(path={disk}, writable=true)),
    (name="kv", external=(address="127.0.0.1:{store}",
      http=(injectRequestHeaders=[(name="x-store", value="kv")]))),
    (name="r2", external=(address="127.0.0.1:{store}",
      http=(injectRequestHeaders=[(name="x-store", value="r2")]))),
    {services}
  ],
  sockets=[(name="http", address="127.0.0.1:{port}", http=(), service="entry")]
);
"""


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)  # the language knows no \\u


def _line_of(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as told:
        return told.readline()
