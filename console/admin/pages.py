"""The two pages the back office adds to Django's own: ask before doing something, and show a result once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from unfold import widgets
from unfold.decorators import action

View = Callable[[Any, HttpRequest, str], HttpResponse]
ListView = Callable[[Any, HttpRequest], HttpResponse]


@dataclass(frozen=True, slots=True)
class Box:
    """A text that can be copied: a secret, a command line."""

    title: str
    text: str


class DeskForm(forms.Form):
    """A form of the back office: plain Django fields in Unfold's clothes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.label = capfirst(field.label) if field.label else None
            dress(field.widget)


def act(*, description: str | Promise, icon: str, permission: str = "act") -> Callable[[View], View]:
    """Make a method the page of one act on one object: GET asks, POST does. It is linked from the object and its row.

    A foreign object is 404 before anything else; who may not change objects (or lacks the named permission) may not act on them.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(model_admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
            subject = model_admin.subject(request, object_id)
            if not getattr(model_admin, f"has_{permission}_permission")(request, subject):
                raise PermissionDenied
            return view(model_admin, request, object_id)

        decorated: Any = action(guarded, description=description, icon=icon)
        decorated.allowed_permissions = [permission]
        return decorated  # type: ignore[no-any-return]  # Unfold ships no types

    return decorate


def list_act(*, description: str | Promise, icon: str, permission: str = "add") -> Callable[[ListView], ListView]:
    """Make a method a page above a list: GET asks, POST does. Who may not add objects (or lacks the named permission) may not open it."""

    def decorate(view: ListView) -> ListView:
        @functools.wraps(view)
        def guarded(model_admin: Any, request: HttpRequest) -> HttpResponse:
            if not getattr(model_admin, f"has_{permission}_permission")(request):
                raise PermissionDenied
            return view(model_admin, request)

        decorated: Any = action(guarded, description=description, icon=icon)
        decorated.allowed_permissions = [permission]
        return decorated  # type: ignore[no-any-return]  # Unfold ships no types

    return decorate


def dress(widget: forms.Widget) -> None:
    """Give a plain widget the classes of Unfold's stylesheet; widgets of Unfold's own keep theirs."""
    if widget.attrs.get("class") or widget.is_hidden:
        return
    if isinstance(widget, forms.CheckboxInput):
        classes = widgets.CHECKBOX_CLASSES
    elif isinstance(widget, forms.Select):
        classes = widgets.SELECT_CLASSES
    elif isinstance(widget, forms.Textarea):
        classes = widgets.TEXTAREA_CLASSES
    else:
        classes = widgets.INPUT_CLASSES
    widget.attrs["class"] = " ".join(classes)


def ask(
    request: HttpRequest,
    model_admin: admin.ModelAdmin[Any],
    *,
    title: str,
    submit: str,
    form: forms.BaseForm | None = None,
    explanation: str = "",
    facts: Sequence[tuple[str, object]] = (),
    back: str = "",
    is_danger: bool = False,
) -> TemplateResponse:
    """Show a form (or just a question, or what it would do) whose POST comes back to the same address."""
    return _page(
        request,
        model_admin,
        "ask",
        back,
        title=title,
        submit_label=submit,
        form=form or DeskForm(),
        explanation=explanation,
        facts=facts,
        is_danger=is_danger,
    )


def result(
    request: HttpRequest,
    model_admin: admin.ModelAdmin[Any],
    *,
    title: str,
    boxes: Sequence[Box] = (),
    facts: Sequence[tuple[str, object]] = (),
    explanation: str = "",
    back: str = "",
) -> TemplateResponse:
    """Show what an act brought about; no cache keeps the page, so a secret on it is seen once."""
    response = _page(request, model_admin, "result", back, title=title, boxes=boxes, facts=facts, explanation=explanation)
    response["Cache-Control"] = "no-store"
    return response


def once() -> str:
    """Return the warning above a secret."""
    return _("Copy this now: it is shown once and kept nowhere.")


def list_url(model_admin: admin.ModelAdmin[Any]) -> str:
    """Return the address of the list an admin keeps on its own site."""
    options = model_admin.opts
    return reverse(f"{model_admin.admin_site.name}:{options.app_label}_{options.model_name}_changelist")


def object_url(site: str, instance: Any) -> str:
    """Return the address of an object on a site."""
    options = instance._meta
    return reverse(f"{site}:{options.app_label}_{options.model_name}_change", args=(instance.pk,))


def _page(request: HttpRequest, model_admin: admin.ModelAdmin[Any], name: str, back: str, **context: Any) -> TemplateResponse:
    request.current_app = model_admin.admin_site.name
    context.update(model_admin.admin_site.each_context(request), opts=model_admin.opts, back=back or list_url(model_admin))
    return TemplateResponse(request, f"console/admin/{name}.html", context)
