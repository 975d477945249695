"""The texts of a row in several languages, in the back office: a tab a language, each with the fields that can have a text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.core.validators import validate_slug
from django.db.models import TextField
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts import tenants
from accounts.admin_scope import actor_of
from accounts.models import Tenant
from billing import catalogue
from foundation.translations import SLUG, Translated


class TextsForm(forms.ModelForm[Any]):
    """Has a field for each text in each of the `languages`; empty ones are as the field for every language."""

    languages: ClassVar[Sequence[str]] = ()
    # Whose a new row is when the form does not ask.
    own_tenant: Tenant | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, language, field in self._texts():
            self.initial[name] = self.instance.translations.get(language, {}).get(field, "")
            if isinstance(self.fields[name].widget, UnfoldAdminTextInputWidget):
                self.fields[name].widget.attrs["placeholder"] = getattr(self.instance, field, "")

    def clean(self) -> dict[str, Any]:
        """Put the texts beside those in languages that are not offered at present."""
        values = super().clean() or self.cleaned_data
        typed = {language: {**self.instance.translations.get(language, {})} for language in self.languages}
        for name, language, field in self._texts():
            typed[language][field] = values.get(name) or ""
        kept = {language: {field: text for field, text in texts.items() if text} for language, texts in typed.items()}
        said = {**self.instance.translations, **kept}
        self.instance.translations = {language: texts for language, texts in said.items() if texts}
        return values

    def _post_clean(self) -> None:
        """Look at what only the whole row shows, once its fields are set."""
        super()._post_clean()  # type: ignore[misc]  # Django's hook after `clean`
        if self.errors or SLUG not in self._meta.model.translatable:
            return
        if self.instance.tenant_id is None:
            self.instance.tenant = self.own_tenant
        try:
            catalogue.check_texts(self.instance)
        except catalogue.BadProduct as error:
            self.add_error(None, str(error))

    @cached_property
    def changed_data(self) -> list[str]:
        found = super().changed_data
        own = {name for name, _language, _field in self._texts()}
        return [*found, "translations"] if own & set(found) else found

    def _texts(self) -> Iterator[tuple[str, str, str]]:
        """Yield name, language and field of each text that is in this form: who may only look has none."""
        for language in self.languages:
            for field in self._meta.model.translatable:
                if (name := _name(language, field)) in self.fields:
                    yield name, language, field


class TextsAdmin:
    """A model's pages with tabs for the languages of its tenant, to be read by who may not change it; none where it speaks one alone."""

    model: Any
    form: Any

    def tabs(self, request: HttpRequest, obj: Any) -> tuple[Any, ...]:
        """Return the fieldsets of all languages."""
        names = dict(settings.LANGUAGES)
        told = _("What stays empty here is said as above, in whatever language that is.")
        return tuple(
            (names[language], {"classes": ["tab"], "description": told, "fields": columns(self, request, obj, language)})
            for language in offered(request, obj)
        )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        above: Any = super()
        form: Any = kwargs.get("form") or self.form
        kwargs["form"] = worded(self, request, obj, form=form, own_tenant=None if obj else actor_of(request).tenant)
        return above.get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        above: Any = super()
        return (*above.get_fieldsets(request, obj), *self.tabs(request, obj))


def offered(request: HttpRequest, obj: Any) -> tuple[str, ...]:
    """Return the languages in which the tenant of a row (or of who adds one) has texts; nothing where it speaks one alone."""
    actor = actor_of(request)
    whose = obj if isinstance(obj, Tenant) else obj.tenant if obj else None if actor.is_platform else actor.tenant
    found = tenants.languages(whose) if whose else tuple(code for code, _name in settings.LANGUAGES)
    return found if len(found) > 1 else ()


def is_typed(desk: Any, request: HttpRequest, obj: Any) -> bool:
    """Tell whether who asks may change what a page (or a table in it) shows."""
    return bool(desk.has_change_permission(request, obj) if obj else desk.has_add_permission(request))


def columns(desk: Any, request: HttpRequest, obj: Any, language: str) -> tuple[Any, ...]:
    """Return what a page shows of the texts in a language: names of the form's fields, or for who may only look what shows them."""
    if is_typed(desk, request, obj):
        return tuple(_name(language, field) for field in desk.model.translatable)
    return tuple(_shown(desk.model, language, field) for field in desk.model.translatable)


def worded(desk: Any, request: HttpRequest, obj: Any, *, form: type[Any], own_tenant: Tenant | None = None) -> type[Any]:
    """Return a form with the fields of all texts; as it was for who may only look."""
    languages = offered(request, obj) if is_typed(desk, request, obj) else ()
    fields = {_name(language, field): _field(desk.model, language, field) for language in languages for field in desk.model.translatable}
    return type(form.__name__, (TextsForm, form), {**fields, "languages": languages, "own_tenant": own_tenant})


def _name(language: str, field: str) -> str:
    return f"text_{language.replace('-', '_')}_{field}"


def _field(model: type[Translated], language: str, field: str) -> forms.CharField:
    """Return the form's field of a text: as its column's, or of several lines where it has no column."""
    try:
        column: Any = model._meta.get_field(field)
    except FieldDoesNotExist:
        column = None
    is_long = column is None or isinstance(column, TextField)
    widget = UnfoldAdminTextareaWidget(attrs={"rows": 4}) if is_long else UnfoldAdminTextInputWidget()
    return forms.CharField(
        label=_label(model, language, field), required=False, max_length=model.translatable[field], widget=widget, strip=True,
        help_text=gettext_lazy("Markdown.") if is_long and column else "", validators=[validate_slug] if field == SLUG else [],
    )  # fmt: skip


def _label(model: type[Translated], language: str, field: str) -> Any:
    """Call a text as its column, or by its language where it is the only one."""
    if len(model.translatable) == 1:
        return dict(settings.LANGUAGES)[language]
    try:
        column: Any = model._meta.get_field(field)
    except FieldDoesNotExist:
        return gettext_lazy("Asked of the buyer")
    return capfirst(column.verbose_name)


@cache
def _shown(model: type[Translated], language: str, field: str) -> Callable[[Translated], str]:
    """Return what shows one text of a row: the same each time, as forms compare what they show with what they leave out."""

    @admin.display(description=_label(model, language, field))
    def shown(row: Translated) -> str:
        return str(row.translations.get(language, {}).get(field, ""))

    shown.__name__ = _name(language, field)
    return shown
