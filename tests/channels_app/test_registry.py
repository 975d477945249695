"""Vendors are found by their files, and badly declared ones are named."""

from __future__ import annotations

from types import ModuleType

import pytest

from channels_app import registry
from channels_app.provider import Provider


def module(*classes: type) -> ModuleType:
    made = ModuleType("channels_app.providers.sample")
    for position, kind in enumerate(classes):
        kind.__module__ = made.__name__
        setattr(made, f"Vendor{position}", kind)
    return made


def vendor(**declared: object) -> type:
    return type("Vendor", (Provider,), {"slug": "sample", "label": "Sample", **declared})


@pytest.mark.parametrize("slug", sorted(registry.providers()))
def test_every_vendor_conforms(slug: str) -> None:
    made = registry.provider(slug)
    assert (made.slug, bool(made.label), registry.vendor(made.dialect) is not None) == (slug, True, True)
    assert len({field.name for field in made.fields}) == len(made.fields)


def test_openai_and_demo_are_there() -> None:
    assert {"openai", "demo"} <= set(registry.providers())


def test_an_unknown_vendor_or_dialect_is_an_error_of_its_own() -> None:
    with pytest.raises(registry.UnknownProvider):
        registry.provider("nobody")
    with pytest.raises(registry.UnknownDialect):
        registry.vendor("nobody")
    with pytest.raises(registry.UnknownDialect):
        registry.client("nobody")


@pytest.mark.parametrize(
    ("classes", "complaint"),
    [
        ([], "holds 0 providers"),
        ([vendor(), vendor()], "holds 2 providers"),
        ([vendor(slug="other")], "the slug must be 'sample'"),
        ([vendor(label="")], "a label is missing"),
        ([vendor(dialect="klingon")], "no dialect is called 'klingon'"),
    ],
)
def test_a_badly_declared_vendor_is_named(classes: list[type], complaint: str) -> None:
    with pytest.raises(registry.BadProvider, match=complaint):
        registry.load(module(*classes))
