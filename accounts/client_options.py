"""Each account's own proxy, locale, timezone and TOTP seed: set, and shown without secrets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ground.clock import Clock
from ground.refusal import ErrorCode, Refusal
from instagram.private.options import check_locale, check_proxy, check_timezone, proxy_host
from storage import accounts, client_options, holds, secrets, troubles
from storage.secrets import AccountSecret
from storage.store import Database, Store
from storage.troubles import TroubleKind
from storage.vault import Vault

if TYPE_CHECKING:
    from instagram.private.gateway import PrivateGateway

# So many accounts behind one address are seen as safe (docs/account-safety.md).
ACCOUNTS_PER_ADDRESS = 10


def tidy_seed(text: str) -> str:
    """Return a TOTP seed without spaces, in capitals; raises `ValueError`."""
    seed = "".join(text.split()).replace("-", "").upper().rstrip("=")
    if not 16 <= len(seed) <= 128 or not set(seed) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"):
        raise ValueError("the key shown beside the QR code: 16 or more of A to Z and 2 to 7")
    return seed


# Each option's name, and what returns its value in order or raises `ValueError`.
CHECKS = {
    "proxy": check_proxy,
    "locale": check_locale,
    "timezone": check_timezone,
    "totp_seed": tidy_seed,
}


class BadOption(Refusal):
    """A value that cannot be used; the message names the option and repeats no secret."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.VALIDATION_ERROR, message)


@dataclass(frozen=True, slots=True)
class ShownOptions:
    """An account's options, fit to be shown: of the proxy only where it is."""

    proxy: str | None
    locale: str | None
    timezone: str | None
    has_totp_seed: bool
    warnings: tuple[str, ...]


def crowding(db: Database, vault: Vault, own: str | None, default: str | None) -> tuple[str, ...]:
    """Return a warning when too many accounts share an account's address, else nothing."""
    used = client_options.proxies_in_use(db, vault).values()
    way = own or default
    count = Counter(proxy or default for proxy in used)[way]
    if count <= ACCOUNTS_PER_ADDRESS:
        return ()
    where = f"the proxy {proxy_host(way)}" if way else "this machine's own address"
    return (
        f"{count} accounts share {where}; more than {ACCOUNTS_PER_ADDRESS} behind one "
        "address endanger them all: give some a proxy of their own",
    )


class OptionsDesk:
    """Sets and shows the accounts' options; changes count from the next request on."""

    def __init__(self, store: Store, vault: Vault, gateway: PrivateGateway, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._gateway = gateway
        self._clock = clock

    async def change(self, account_id: str, changes: Mapping[str, str]) -> ShownOptions:
        """Set the named options (proxy, locale, timezone, totp_seed); "" clears one.

        Changes all of them or none. Raises `BadOption`, and `NotFound` for an unknown account.
        """
        await self._store.write(self._save, account_id, self.checked(changes))
        await self._gateway.forget(account_id)
        return await self.shown(account_id)

    def checked(self, changes: Mapping[str, str]) -> dict[str, str]:
        """Return the values in order; raises `BadOption`."""
        return {name: self._checked(name, value) for name, value in changes.items()}

    async def shown(self, account_id: str) -> ShownOptions:
        """Return an account's options and what is to be said about them; raises `NotFound`."""
        return await self._store.read(self._shown, account_id)

    def _checked(self, name: str, value: str) -> str:
        try:
            checked = CHECKS[name](value) if value else ""
        except ValueError as error:
            raise BadOption(f"{name} has to be {error}") from None
        if name == "proxy" and value and not self._gateway.allows_proxy(value):
            raise BadOption("proxy has to be an address of this machine while REPRISE_PACE is 0")
        return checked

    def _save(self, db: Database, account_id: str, changes: Mapping[str, str]) -> None:
        accounts.get(db, account_id)
        chosen = {name: value or None for name, value in changes.items() if name != "totp_seed"}
        before = client_options.usable(db, self._vault, account_id)
        after = replace(before, **chosen)
        seed = changes.get("totp_seed")
        known = secrets.usable(db, self._vault, account_id, AccountSecret.TOTP_SEED)
        if after == before and seed in (None, known or ""):
            return  # what has failed as it is would fail again
        client_options.save(db, self._vault, account_id, after)
        if seed:
            secrets.put(db, self._vault, account_id, AccountSecret.TOTP_SEED, seed)
        elif seed == "":
            secrets.forget(db, account_id, AccountSecret.TOTP_SEED)
        # Perhaps that was what a login or a session could not be used with: it is tried once.
        troubles.clear(db, account_id, self._clock.now(), (TroubleKind.LOGIN,))
        holds.release(db, account_id, self._clock.now())

    def _shown(self, db: Database, account_id: str) -> ShownOptions:
        accounts.get(db, account_id)
        own = client_options.usable(db, self._vault, account_id)
        return ShownOptions(
            proxy=proxy_host(own.proxy) if own.proxy else None,
            locale=own.locale,
            timezone=own.timezone,
            has_totp_seed=secrets.exists(db, account_id, AccountSecret.TOTP_SEED),
            warnings=crowding(db, self._vault, own.proxy, self._gateway.default_proxy),
        )
