"""Sealed secrets: bound to a context, opened by older keys, never by others."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from foundation import vault


def test_a_sealed_text_opens_in_its_context_only() -> None:
    sealed = vault.seal("sk-upstream", context="channel-key")
    assert "sk-upstream" not in sealed
    assert vault.unseal(sealed, context="channel-key") == "sk-upstream"
    with pytest.raises(vault.CannotUnseal):
        vault.unseal(sealed, context="payment-account")


def test_the_same_text_never_seals_the_same_way_twice() -> None:
    assert vault.seal("a", context="c") != vault.seal("a", context="c")


@pytest.mark.parametrize("garbage", ["", "v1", "v1.00000000.AAAA", "plain text", "v2.x.y"])
def test_what_is_not_sealed_does_not_open(garbage: str) -> None:
    with pytest.raises(vault.CannotUnseal):
        vault.unseal(garbage, context="c")


def test_a_changed_text_does_not_open() -> None:
    sealed = vault.seal("secret", context="c")
    head, _, body = sealed.rpartition(".")
    flipped = body[:-6] + ("A" if body[-6] != "A" else "B") + body[-5:]
    with pytest.raises(vault.CannotUnseal):
        vault.unseal(f"{head}.{flipped}", context="c")
    with pytest.raises(vault.CannotUnseal):
        vault.unseal(f"{head}.not base64!", context="c")


def test_an_older_master_secret_still_opens_what_it_sealed(settings: Settings) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "old", []
    sealed = vault.seal("secret", context="c")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["old"]
    assert vault.unseal(sealed, context="c") == "secret"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(vault.CannotUnseal, match="unknown key"):
        vault.unseal(sealed, context="c")


def test_a_digest_depends_on_text_purpose_and_master_secret(settings: Settings) -> None:
    settings.SECRET_KEY = "one"
    first = vault.digest("sk-1", purpose="api-key")
    assert len(first) == 64
    assert vault.digest("sk-1", purpose="api-key") == first
    assert vault.digest("sk-2", purpose="api-key") != first
    assert vault.digest("sk-1", purpose="code") != first
    settings.SECRET_KEY = "two"
    assert vault.digest("sk-1", purpose="api-key") != first


def test_fingerprints_of_older_master_secrets_are_offered_too(settings: Settings) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "old" * 12, []
    stored = vault.digest("text", purpose="code")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 12, ["old" * 12]
    assert vault.digests("text", purpose="code") == (vault.digest("text", purpose="code"), stored)
