"""Texts of a row in several languages: one column of one shape, beside the columns that hold the text for every language without its own.

`translations` is {language: {field: text}}; which fields can have a text, and how long each may be, is the model's
`translatable`. `of` reads one field, `spoken` a whole row as a reader sees it. `cleaned` raises `BadTranslations`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, TypeVar, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Texts = dict[str, dict[str, str]]
# Fields by name, and how many characters each may have.
Limits = Mapping[str, int]
SLUG = "slug"
# In an address: the language in which it is to be read.
PARAMETER = "lang"


class BadTranslations(ValueError):
    """This is no set of texts for the model; the message says which language and field."""


class Translated(models.Model):
    """A row with texts in several languages."""

    translations = models.JSONField(gettext_lazy("texts in other languages"), default=dict, blank=True)

    translatable: ClassVar[Limits] = {}
    # Of a spoken copy: the row as it is stored.
    written: Self | None = None

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row as it was written: a spoken copy would put one reader's language in place of the default."""
        if self.written is not None:
            raise TypeError("a spoken copy is not saved: save what it was made of")
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Keep the column's shape."""
        super().clean()
        try:
            self.translations = cleaned(type(self), self.translations)
        except BadTranslations as error:
            raise ValidationError({"translations": str(error)}) from None


T = TypeVar("T", bound=Translated)


def of(row: Translated, field: str, languages: Sequence[str]) -> str:
    """Return a field's text in the first of the languages that has one, else the one for every language."""
    stored = row.written or row
    texts = cast(Texts, stored.translations)
    found = next((text for language in languages if (text := texts.get(language, {}).get(field))), None)
    return str(getattr(stored, field, "")) if found is None else found


def spoken(row: T, languages: Sequence[str]) -> T:
    """Return a copy of a row whose columns say what a reader of these languages reads; it cannot be saved."""
    stored = row.written or row
    said = copy.copy(row)
    said.written = stored
    for field in stored.translatable:
        if field in stored.__dict__:
            setattr(said, field, of(stored, field, languages))
    return said


def cleaned(model: type[Translated], value: object) -> Texts:
    """Return texts without blanks and empty languages. Raises BadTranslations."""
    if not isinstance(value, dict) or not all(isinstance(texts, dict) for texts in value.values()):
        raise BadTranslations(_("Texts are written as {language: {field: text}}."))
    names = dict(settings.LANGUAGES)
    found: Texts = {}
    for language, texts in value.items():
        if language not in names:
            raise BadTranslations(_("There is no language %(language)s here.") % {"language": language})
        kept: dict[str, str] = {}
        for field, text in texts.items():
            problem = _problem(model, field, text)
            if problem:
                raise BadTranslations(f"{names[language]}, {field}: {problem}")
            kept |= {field: text.strip()} if text.strip() else {}
        found |= {language: kept} if kept else {}
    return found


def containing(word: str, fields: Sequence[str]) -> Q:
    """Return the condition that a word stands in one of the fields in any language."""
    found = Q()
    for field in fields:
        found |= Q(**{f"{field}__icontains": word})
        for language, _name in settings.LANGUAGES:
            found |= Q(**{f"translations__{language}__{field}__icontains": word})
    return found


def with_slug(slug: str) -> Q:
    """Return the condition that a row has an address in any language."""
    found = Q(slug=slug)
    for language, _name in settings.LANGUAGES:
        found |= Q(**{f"translations__{language}__{SLUG}": slug})
    return found


def slugs(row: Translated) -> set[str]:
    """Return a row's addresses in all languages."""
    stored: Any = row.written or row
    return {stored.slug, *(texts[SLUG] for texts in stored.translations.values() if SLUG in texts)}


def _problem(model: type[Translated], field: object, text: object) -> str:
    """Say what is wrong with one text; nothing where it is right."""
    if field not in model.translatable:
        return _("there is no such text")
    if not isinstance(text, str) or "\x00" in text:
        return _("this is no text")
    most = model.translatable[str(field)]
    if len(text.strip()) > most:
        return _("at most %(most)d characters") % {"most": most}
    try:
        if field == SLUG and text.strip():
            validate_slug(text.strip())
    except ValidationError as error:
        return error.messages[0]
    return ""
