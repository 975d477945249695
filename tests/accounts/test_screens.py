"""Words that calls may not hold: tidied, added up along the chain of sellers, refusals counted."""

from __future__ import annotations

import pytest

from accounts import screens, tenants
from accounts.models import KeywordScreen, Tenant


def test_words_are_kept_in_the_form_in_which_they_are_compared() -> None:
    typed = ["  Straße ", "ＢＯＭＢ", "bomb", "", "two\t words", "ｶﾞ", "禁；词", "\u3000"]
    assert screens.clean(typed) == ["strasse", "bomb", "two words", "ガ", "禁;词"]
    assert screens.clean(screens.clean(typed)) == screens.clean(typed)


def test_a_list_has_bounds() -> None:
    assert len(screens.clean(f"word {number}" for number in range(1_000))) == 1_000
    with pytest.raises(screens.TooMany):
        screens.clean(f"word {number}" for number in range(1_001))
    assert screens.clean(["x" * 64]) == ["x" * 64]
    with pytest.raises(screens.TooLong, match=f"^{'x' * 64}$"):
        screens.clean(["x" * 65])


@pytest.mark.django_db
def test_a_sellers_words_count_for_all_below_it_and_refusals_for_the_nearest_list(root_tenant: Tenant, tenant: Tenant) -> None:
    below = tenants.open_tenant(slug="below", name="Below", parent=tenant, domain="below.test")
    chain = (root_tenant.pk, tenant.pk, below.pk)
    assert screens.words_of(chain) == ()
    KeywordScreen.objects.create(tenant=root_tenant, words="b\na")
    KeywordScreen.objects.create(tenant=tenant, words="c\na")
    KeywordScreen.objects.create(tenant=below, words="")
    assert screens.words_of(chain) == ("a", "b", "c")
    assert screens.words_of(chain[:1]) == ("a", "b")

    screens.count({below.pk: 2, tenant.pk: 1, root_tenant.pk: 4})

    assert dict(KeywordScreen.objects.values_list("tenant__slug", "refused")) == {root_tenant.slug: 4, tenant.slug: 3, "below": 0}


@pytest.mark.django_db
def test_without_any_list_nothing_is_counted(tenant: Tenant) -> None:
    screens.count({tenant.pk: 1})
    assert not KeywordScreen.objects.exists()
