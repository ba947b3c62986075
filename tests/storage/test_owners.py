"""Whose rows a storage function gives: a person's by their id, everybody's to the engines alone."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from inspect import Parameter, Signature
from pkgutil import iter_modules
from typing import Any

import storage
from tests.support.process import ROOT

# What belongs to the machine, or is sought by a secret that only its owner has.
OF_THE_MACHINE = {
    "cloud.find",  # one Worker for the machine, as its contract has it
    "facts.find",
    "facts.came_in",  # when the data of this machine came here
    "api_keys.by_hash",  # the key itself says whose it is
    "idempotency.find",
    "idempotency.amend",
    "copies.copy_database",
    "users.ensure_owner",
    # Who holds the machine makes and removes people.
    "users.add",
    "users.every",
    "users.named",
    # Where the feed stands, a number, which `listEvents` tells everybody too.
    "events.newest",
    # An Instagram account is one person's: a limited key may connect none that it does not see.
    "accounts.by_username",
}
# By these a function knows whose it is: they were looked up by their owner (operations/resources).
_NAMES_ONE = ("_id", "_ids", "_pk", "identifier")
_RECORDS = (
    "post",
    "repost",
    "job",
    "config",
    "media",
    "account",
    "delivery",
    "login",
    "trouble",
    "hours",
    "chosen",
)


def functions() -> Iterator[tuple[str, Signature]]:
    for module in iter_modules(storage.__path__):
        held = import_module(f"storage.{module.name}")
        for name, function in inspect.getmembers(held, inspect.isfunction):
            if function.__module__ == held.__name__ and not name.startswith("_"):
                yield f"{module.name}.{name}", inspect.signature(function)


def names_one(signature: Signature) -> bool:
    return any(name.endswith(_NAMES_ONE) or name in _RECORDS for name in signature.parameters)


def test_the_owner_is_never_left_out() -> None:
    """A function of one person's rows cannot be called without saying whose."""
    served = {name: each for name, each in functions() if "user_id" in each.parameters}
    assert len(served) > 20
    for name, signature in served.items():
        owner = signature.parameters["user_id"]
        assert owner.default is Parameter.empty, name
        assert owner.annotation == "str", name


def test_no_operation_calls_what_is_of_everybody() -> None:
    """Those of the engines (`every`, `claim_due`, `with_token`, …) serve no person."""
    of_everybody = {name for name, each in functions() if "db" in each.parameters}
    of_everybody -= {name for name, each in functions() if names_one(each)}
    assert {"accounts.every", "jobs.claim_due", "repost_configs.every"} <= of_everybody
    called = {
        f"{node.value.id}.{node.attr}"
        for path in sorted((ROOT / "operations").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    found: Any = called & of_everybody - OF_THE_MACHINE
    assert not found
