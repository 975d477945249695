"""Texts of rows in several languages: one shape, and what readers of each language see."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Tenant
from billing.models import Category, Product
from foundation import translations

TEXTS = {"zh-hans": {"name": "五美元", "slug": "wu-meiyuan"}, "en": {"name": "Five"}}


def product(**fields: object) -> Product:
    return Product(name="Default", slug="five", translations=TEXTS, **fields)


@pytest.mark.parametrize(
    ("languages", "name", "slug"),
    [
        (("zh-hans", "en"), "五美元", "wu-meiyuan"),
        (("zh-hant", "en"), "Five", "five"),
        (("zh-hant",), "Default", "five"),
        (("", "de"), "Default", "five"),
    ],
)
def test_a_reader_sees_the_first_language_that_has_a_text(languages: tuple[str, ...], name: str, slug: str) -> None:
    row = product()
    assert translations.of(row, "name", languages) == name
    said = translations.spoken(row, languages)
    assert (said.name, said.slug, row.name) == (name, slug, "Default")


def test_a_copy_is_spoken_anew_from_what_was_written() -> None:
    once = translations.spoken(product(), ("zh-hans",))
    assert translations.spoken(once, ("zh-hant",)).name == "Default"
    assert translations.slugs(once) == {"five", "wu-meiyuan"}


def test_a_spoken_copy_is_never_saved() -> None:
    with pytest.raises(TypeError, match="spoken copy"):
        translations.spoken(product(), ("en",)).save()


def test_blanks_and_empty_languages_are_left_out() -> None:
    said = {"en": {"name": " Five ", "summary": "  "}, "zh-hans": {"name": ""}}
    assert translations.cleaned(Product, said) == {"en": {"name": "Five"}}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([], "written as"), ({"en": "Five"}, "written as"), ({"de": {"name": "Fünf"}}, "no language de"),
        ({"en": {"price_minor": "1"}}, "English, price_minor: there is no such text"), ({"en": {"name": 5}}, "this is no text"),
        ({"en": {"name": "a\x00"}}, "this is no text"), ({"en": {"name": "x" * 121}}, "at most 120 characters"),
        ({"en": {"slug": "a b"}}, "slug"),
    ],
)  # fmt: skip
def test_what_has_another_shape_is_named(value: object, why: str) -> None:
    with pytest.raises(translations.BadTranslations, match=why):
        translations.cleaned(Product, value)


def test_a_row_with_another_shape_is_no_row() -> None:
    with pytest.raises(ValidationError) as refusal:
        Category(name="Codes", slug="codes", translations={"en": {"summary": "?"}}).clean()
    assert list(refusal.value.message_dict) == ["translations"]


def test_each_text_is_a_field_or_spells_one() -> None:
    for model in (Tenant, Category, Product):
        columns = {field.name: field for field in model._meta.concrete_fields}
        for name, most in model.translatable.items():
            column = columns.get(name)
            assert column is not None or name == "asked"
            assert column is None or column.max_length in {None, most}
