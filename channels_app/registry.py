"""Find the vendors and the dialects: every file of `providers` and of `dialects`, by its name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING

from channels_app import dialects as dialects_package
from channels_app import providers as providers_package
from channels_app.faces import Client, Vendor
from channels_app.provider import Provider

if TYPE_CHECKING:
    from collections.abc import Mapping


class BadProvider(Exception):
    """A file of `providers` that does not hold exactly one well-declared Provider."""


class UnknownProvider(LookupError):
    """No file of `providers` has this name."""


class UnknownDialect(LookupError):
    """No file of `dialects` has this name."""


def provider(slug: str) -> Provider:
    """Return the vendor with this slug; raise UnknownProvider."""
    try:
        return providers()[slug]
    except KeyError:
        raise UnknownProvider(slug) from None


@cache
def providers() -> Mapping[str, Provider]:
    """Return all vendors by slug, in alphabetical order; raise BadProvider."""
    return MappingProxyType({module_name(module): load(module) for module in _modules(providers_package)})


def vendor(name: str) -> Vendor:
    """Return the vendor's face of a wire protocol; raise UnknownDialect."""
    try:
        return _vendors()[name]
    except KeyError:
        raise UnknownDialect(name) from None


@cache
def client(name: str) -> Client:
    """Return the client's face of a wire protocol; raise UnknownDialect where clients do not speak it."""
    try:
        return clients()[name]
    except KeyError:
        raise UnknownDialect(name) from None


@cache
def _vendors() -> Mapping[str, Vendor]:
    found = {module_name(module): getattr(module, "VENDOR", None) for module in _modules(dialects_package)}
    return MappingProxyType({name: face for name, face in found.items() if face is not None})


@cache
def clients() -> Mapping[str, Client]:
    """Return every protocol that clients speak, by name."""
    found = {module_name(module): getattr(module, "CLIENT", None) for module in _modules(dialects_package)}
    return MappingProxyType({name: face for name, face in found.items() if face is not None})


def dialect_names() -> frozenset[str]:
    """Return the names of all wire protocols."""
    return frozenset(_vendors())


def provider_modules() -> list[ModuleType]:
    """Return the files of `providers`, imported."""
    return _modules(providers_package)


def _modules(package: ModuleType) -> list[ModuleType]:
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


def module_name(module: ModuleType) -> str:
    """Return a module's own name without its packages."""
    return module.__name__.rpartition(".")[2]


def load(module: ModuleType) -> Provider:
    """Return the one Provider a file holds; raise BadProvider if it is not exactly one, or not named like the file."""
    found = [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Provider) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise BadProvider(f"{module.__name__} holds {len(found)} providers instead of one")
    made = found[0]()
    name = module_name(module)
    if getattr(made, "slug", None) != name:
        raise BadProvider(f"{module.__name__}: the slug must be {name!r}")
    if not getattr(made, "label", ""):
        raise BadProvider(f"{module.__name__}: a label is missing")
    if made.dialect not in dialect_names():
        raise BadProvider(f"{module.__name__}: no dialect is called {made.dialect!r}")
    return made
