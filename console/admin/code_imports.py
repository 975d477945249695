"""Take codes of another system over: pasted or from a file, all of one worth. A bad line is named and nothing is imported."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_scope import actor_of
from accounts.models import Tenant
from billing import cards, code_imports, codes
from billing.models.codes import CodeBatch
from console.admin import pages, tenant_choice
from console.admin.base import DeskAdmin, facts
from console.admin.fields import LastDayField, UsdField
from console.admin.figures import usd
from console.admin.pasted import PastedForm, numbers

# The columns in which other systems keep the texts of their codes.
COLUMNS = ("code", "key", "secret")


class ImportForm(PastedForm):
    """Codes of one worth, and until when they are good."""

    tenant = forms.ModelChoiceField(queryset=Tenant.objects.none(), label=gettext_lazy("Tenant"), empty_label=None)
    units_micros = UsdField(label=gettext_lazy("Quota of each, $"))
    redeem_by = LastDayField()
    valid_days = forms.IntegerField(
        label=gettext_lazy("Days the credit is valid"), required=False, min_value=1, help_text=gettext_lazy("Empty: for ever.")
    )
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=200)

    field_order = ("tenant", "units_micros", "text", "file")

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenant_choice.offer(self, request)
        self.fields["text"].label = _("Codes, one a line")
        self.fields["file"].help_text = _("Text, one code a line, or CSV with a column named code or key.")

    def clean(self) -> dict[str, Any]:
        """Name every line that can be no code."""
        values = super().clean()
        lines = cards.read(values["text"], columns=COLUMNS) if "text" not in self.errors else []
        found = [(number, code_imports.fault(text)) for number, text in enumerate(lines, 1) if text]
        if len(found) > codes.MOST_PER_BATCH:
            self.add_error("text", _("%d codes are too many at once: import them in parts of 10,000.") % len(found))
        for fault, words in _words().items():
            if wrong := [number for number, one in found if one is fault]:
                where = _("Lines: %s. Nothing was imported.") % numbers(wrong)
                self.add_error("text", f"{words} {where}")
        return values | {"codes": [text for text in lines if text]}


def _words() -> dict[code_imports.Fault, str]:
    lengths = {"least": code_imports.SHORTEST, "most": code_imports.LONGEST}
    return {
        code_imports.Fault.LENGTH: _("A code has %(least)d to %(most)d characters.") % lengths,
        code_imports.Fault.TYPO: _("Spelled like a code of this system, with a typo: it could never be redeemed."),
    }


def run(desk: DeskAdmin[CodeBatch], request: HttpRequest) -> HttpResponse:
    """Ask for the codes, take them over, tell what came."""
    form = ImportForm(request.POST or None, request.FILES or None, request=request)
    if form.is_valid() and (done := _adopt(desk, request, form)):
        return _report(desk, request, done)
    text = _("Codes of another system stay good here, as they are printed. They are covered by your stock of quota, like minted ones.")
    return pages.ask(request, desk, title=_("Import codes"), submit=_("Import"), form=form, explanation=text)


def _adopt(desk: DeskAdmin[CodeBatch], request: HttpRequest, form: ImportForm) -> code_imports.Imported | None:
    """Import; a refusal becomes an error of the form and None is returned."""
    actor, values = actor_of(request), form.cleaned_data
    by: datetime.datetime | None = values["redeem_by"]
    try:
        with transaction.atomic():
            done = code_imports.adopt(
                tenant=values.get("tenant") or actor.tenant, texts=values["codes"], units_micros=values["units_micros"],
                redeem_by=by, valid_days=values["valid_days"], note=values["note"], actor=actor.user,
            )  # fmt: skip
            if done.batch is not None:
                desk.record(request, "import", done.batch, after=facts(done.batch))
    except codes.CodeError as error:
        form.add_error(None, str(error))
        return None
    if done.batch is None:
        form.add_error("text", _("All of these codes are known already: nothing was imported."))
        return None
    return done


def _report(desk: DeskAdmin[CodeBatch], request: HttpRequest, done: code_imports.Imported) -> HttpResponse:
    batch: Any = done.batch
    told = [
        (_("Batch"), batch),
        (_("Imported"), f"{batch.count:,}"),
        (_("Left out: known already, or twice in the list"), f"{done.known:,}"),
        (_("Quota of each"), usd(batch.units_micros)),
    ]
    back = pages.object_url(desk.admin_site.name, batch)
    return pages.result(request, desk, title=_("%d codes imported") % batch.count, facts=told, back=back)
