"""Import prices of another system in the back office: a file, a draft with every difference, and a question before it counts."""

from __future__ import annotations

import fnmatch
import hashlib
import secrets
from collections.abc import Collection, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminFileFieldWidget

from accounts import scope
from accounts.admin_scope import actor_of
from accounts.models import Tenant
from billing import price_book, price_drafts, price_formats, price_lists
from billing.money import MICROS
from billing.price_drafts import Draft
from billing.price_formats import Foreign
from channels_app.models import ChannelModel
from console.admin import pages, tenant_choice
from console.admin.base import DeskAdmin

# A price map of the world has thousands of models: nobody reads such a draft.
MOST_MODELS = 300
MOST_BYTES = 8 * 1024 * 1024
KEEP_SECONDS = 3600
FORMATS = (("oneapi", "one-api, new-api"), ("litellm", "LiteLLM"))


class FileForm(pages.DeskForm):
    """Which file, whose prices, which of its models."""

    format = forms.ChoiceField(label=gettext_lazy("Format"), choices=FORMATS)
    # Unfold's own: its script writes the file's name into the text field it finds beside a file field.
    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("The exported JSON, at most 8 MB."), widget=UnfoldAdminFileFieldWidget
    )
    tenant = forms.ModelChoiceField(queryset=Tenant.objects.none(), label=gettext_lazy("Tenant"), empty_label=None)
    is_served = forms.BooleanField(
        label=gettext_lazy("Only models that a channel serves or that have a price"), required=False, initial=True
    )
    pattern = forms.CharField(
        label=gettext_lazy("Models"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Names or patterns such as gpt-4o*, several with commas between them. Empty: all."),
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenant_choice.offer(self, request)

    def clean(self) -> dict[str, Any]:
        """Read the file; what cannot be read is an error of it."""
        values = dict(super().clean() or {})
        file = values.get("file")
        if file is None:
            return values
        if file.size > MOST_BYTES:
            raise forms.ValidationError({"file": _("This file is larger than 8 MB.")})
        try:
            values["text"] = file.read().decode("utf-8")
            values["foreign"] = price_formats.FORMATS[values["format"]](values["text"])
        except (UnicodeDecodeError, price_formats.NotReadable, KeyError) as error:
            raise forms.ValidationError({"file": _("This is no such price file: %s") % error}) from None
        return values


class ApplyForm(pages.DeskForm):
    """What of a draft is to count."""

    token = forms.CharField(widget=forms.HiddenInput)
    with_groups = forms.BooleanField(label=gettext_lazy("Take the customer groups over as well"), required=False)
    is_confirmed = forms.BooleanField(label=gettext_lazy("Yes, prices become ten times as dear or as cheap"), required=False)


def run(desk: DeskAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Ask for a file, show its draft, apply it."""
    if request.method == "POST" and "token" in request.POST:
        return _apply(desk, request)
    form = FileForm(request.POST or None, request.FILES or None, request=request)
    if form.is_valid():
        return _show_first(desk, request, form)
    explanation = _("The file is compared with the prices that count now. Nothing changes until you take the draft over.")
    return pages.ask(request, desk, title=_("Import prices"), submit=_("Show the draft"), form=form, explanation=explanation)


def _show_first(desk: DeskAdmin[Any], request: HttpRequest, form: FileForm) -> HttpResponse:
    values = form.cleaned_data
    tenant = values.get("tenant") or actor_of(request).tenant
    foreign = chosen(values["foreign"], tenant, pattern=values["pattern"], is_served=values["is_served"])
    if not foreign.models:
        form.add_error("file", _("None of its models is chosen: no channel serves them and none has a price."))
    elif len(foreign.models) > MOST_MODELS:
        form.add_error("pattern", _("%d models are too many for one draft: choose fewer.") % len(foreign.models))
    else:
        draft = price_drafts.draft(foreign=foreign, tenant=tenant)
        token = secrets.token_urlsafe(16)
        kept = {"models": dict(foreign.models), "groups": dict(foreign.groups), "notes": list(foreign.notes), "tenant": tenant.pk}
        cache.set(_name(request, token), kept | {"name": values["file"].name[:120], "seen": digest(draft)}, KEEP_SECONDS)
        return _show(desk, request, draft, foreign, ApplyForm(initial={"token": token}))
    return pages.ask(request, desk, title=_("Import prices"), submit=_("Show the draft"), form=form)


def _apply(desk: DeskAdmin[Any], request: HttpRequest) -> HttpResponse:
    form = ApplyForm(request.POST)
    kept: Mapping[str, Any] | None = cache.get(_name(request, request.POST["token"]))
    tenant = None if kept is None else scope.narrow(actor_of(request), Tenant.objects.filter(pk=kept["tenant"])).first()
    if kept is None or tenant is None or not form.is_valid():
        messages.error(request, _("This draft is an hour old or was taken over already: send the file again."))
        return redirect(pages.list_url(desk))
    foreign = Foreign(kept["models"], kept["groups"], tuple(kept["notes"]))
    draft = price_drafts.draft(foreign=foreign, tenant=tenant)
    if digest(draft) != kept["seen"]:
        cache.set(_name(request, request.POST["token"]), {**kept, "seen": digest(draft)}, KEEP_SECONDS)
        form.add_error(None, _("Prices have changed since you saw this draft: look at it again."))
        return _show(desk, request, draft, foreign, form)
    try:
        changed = price_drafts.apply(
            draft=draft, source=f"import of {kept['name']}", actor=actor_of(request).user,
            is_confirmed=form.cleaned_data["is_confirmed"], with_groups=form.cleaned_data["with_groups"],
        )  # fmt: skip
    except price_book.NeedsConfirming as error:
        form.add_error("is_confirmed", str(error))
        return _show(desk, request, draft, foreign, form)
    cache.delete(_name(request, request.POST["token"]))
    messages.success(request, ngettext("%d price counts from now on.", "%d prices count from now on.", changed) % changed)
    return redirect(pages.list_url(desk))


def _show(desk: DeskAdmin[Any], request: HttpRequest, draft: Draft, foreign: Foreign, form: ApplyForm) -> HttpResponse:
    if not draft.groups:
        del form.fields["with_groups"]
    if not draft.jumps:
        del form.fields["is_confirmed"]
    states = [change.state for change in draft.changes]
    context = {
        **desk.admin_site.each_context(request),
        "title": _("Draft for %s") % draft.seller.name,
        "opts": desk.opts,
        "back": pages.list_url(desk),
        "form": form,
        "changes": [change for change in draft.changes if change.state != "same"],
        "counts": {state: states.count(state) for state in ("new", "changed", "same", "refused")},
        "groups": [(group, f"× {factor / MICROS:g}") for group, factor in draft.groups.items()],
        "notes": foreign.notes[:50],
    }
    request.current_app = desk.admin_site.name
    return TemplateResponse(request, "console/admin/price_draft.html", context)


def chosen(foreign: Foreign, tenant: Tenant, *, pattern: str, is_served: bool) -> Foreign:
    """Return only those models of a file that are asked for."""
    patterns = [part.strip() for part in pattern.split(",") if part.strip()]
    names: Collection[str] = foreign.models
    if patterns:
        names = [name for name in names if any(fnmatch.fnmatchcase(name, one) for one in patterns)]
    if is_served:
        served = set(ChannelModel.objects.filter(name__in=names).values_list("name", flat=True))
        priced = set(price_lists.current().filter(book__tenant=tenant, pattern__in=names).values_list("pattern", flat=True))
        names = [name for name in names if name in served | priced]
    return Foreign({name: foreign.models[name] for name in names}, foreign.groups, _notes(foreign, names))


def _notes(foreign: Foreign, names: Collection[str]) -> tuple[str, ...]:
    return tuple(note for note in foreign.notes if note.partition(":")[0] in names)


def _name(request: HttpRequest, token: str) -> str:
    """Name a draft: the person's own, and a hash, for the cache takes no free text."""
    owner = f"{request.user.pk}:{token}"
    return f"price-import:{hashlib.sha256(owner.encode()).hexdigest()}"


def digest(draft: Draft) -> str:
    """Return a mark of what somebody saw of a draft: another mark means that prices have changed since."""
    seen = [(change.model, change.state, change.differences, str(change.preview)) for change in draft.changes]
    return hashlib.sha256(repr(seen).encode()).hexdigest()
