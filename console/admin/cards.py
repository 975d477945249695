"""Imported cards and ready keys: import after a report, export, void. Lists show the last four; plain texts leave by the trail."""

from __future__ import annotations

import hashlib
from typing import Any

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import admin
from django.contrib import messages as notes
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import scope
from accounts.admin_scope import actor_of
from billing import cards
from billing.models.goods import Card, CardBatch, ReadyKey
from billing.models.shop import Product
from console.admin import pages
from console.admin.base import DeskAdmin, IdFilter, ReadOnly, TenantColumn, facts
from console.admin.code_forms import ReasonForm
from console.admin.figures import label, mono, number
from console.admin.pasted import PastedForm, numbers

STATE_LABELS = {"available": "success", "reserved": "info", "sold": "primary", "void": "danger"}


class ImportForm(PastedForm):
    """Cards for a product."""

    product = forms.ModelChoiceField(queryset=Product.objects.none(), label=gettext_lazy("Product"))
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=200)
    # Of which product and lines the report was read: the press that comes with it imports just these.
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    field_order = ("product", "text", "file")

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        product: Any = self.fields["product"]
        product.queryset = scope.narrow(actor_of(request), Product.objects.filter(kind=Product.Kind.CARD).order_by("name"))
        self.fields["text"].label = _("Cards, one a line")
        self.fields["file"].help_text = _("Text, one card a line, or CSV with a column named secret.")

    def clean(self) -> dict[str, Any]:
        """Read the lines, and mark them with their product."""
        values = super().clean()
        lines = cards.read(values.get("text", ""))
        mark = hashlib.sha256(repr((getattr(values.get("product"), "pk", None), lines)).encode()).hexdigest()
        return values | {"lines": lines, "mark": mark}


class CardBatchAdmin(TenantColumn, DeskAdmin[CardBatch]):
    """Cards imported together."""

    list_display = ("__str__", "product", "count", "available", "created_at", "note")
    list_select_related = ("product", "tenant")
    search_fields = ("note", "product__name")
    ordering = ("-id",)
    fields = ("tenant", "product", "count", "available", "note", "actor", "created_at")
    readonly_fields = fields
    actions_detail = ("export", "void")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CardBatch]:
        rows: QuerySet[CardBatch] = super().get_queryset(request)
        return rows.annotate(left=Count("cards", filter=Q(cards__state=Card.State.AVAILABLE)))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ImportForm(request.POST or None, request.FILES or None, request=request)
        if form.is_valid():
            is_seen = form.cleaned_data["seen"] == form.cleaned_data["mark"]
            answer = self._import(request, form) if is_seen else self._rehearse(request, form)
            if answer is not None:
                return answer
        text = _(
            "Cards are kept sealed, and each is sold once. First you read what is new, doubled, known or refused; nothing is stored yet."
        )
        return pages.ask(request, self, title=_("Import cards"), submit=_("Check the cards"), form=form, explanation=text)

    def _rehearse(self, request: HttpRequest, form: ImportForm) -> HttpResponse | None:
        """Say what an import would do and offer it; None, with an error on the form, where there is nothing to say."""
        values = form.cleaned_data
        try:
            draft = cards.rehearse(product=values["product"], lines=values["lines"])
        except cards.BadCards as error:
            form.add_error(None, str(error))
            return None
        told = [
            (_("New"), f"{len(draft.fresh):,}"),
            (_("Twice in the list, lines"), numbers(draft.repeated)),
            (_("Known before, lines"), numbers(draft.known)),
            *((words, numbers([line for line, one in draft.refused.items() if one is fault])) for fault, words in _faults().items()),
        ]
        kept = {"product": values["product"], "text": values["text"], "note": values["note"]}
        again = ImportForm(initial=kept | {"seen": values["mark"] if draft.is_importable else ""}, request=request)
        text = _("Nothing is stored yet.") if draft.is_importable else _("Nothing can be imported: mend the lines below, then check again.")
        submit = (
            ngettext("Import %d card", "Import %d cards", len(draft.fresh)) % len(draft.fresh)
            if draft.is_importable
            else _("Check the cards")
        )
        answer = pages.ask(request, self, title=_("Import cards"), submit=submit, form=again, explanation=text, facts=told)
        answer["Cache-Control"] = "no-store"
        return answer

    def _import(self, request: HttpRequest, form: ImportForm) -> HttpResponse | None:
        """Import what was reported; None, with an error on the form, where that changed meanwhile."""
        values = form.cleaned_data
        try:
            with transaction.atomic():
                done = cards.take_in(product=values["product"], lines=values["lines"], actor=actor_of(request).user, note=values["note"])
                self.record(request, "import", done.batch, after=facts(done.batch))
        except cards.BadCards as error:
            form.add_error(None, str(error))
            return None
        return self._report(request, done)

    def _report(self, request: HttpRequest, done: cards.Imported) -> HttpResponse:
        told = [
            (_("Imported"), f"{done.batch.count:,}"),
            (_("Twice in the list, lines"), numbers(done.repeated)),
            (_("Known before, lines"), numbers(done.known)),
        ]
        back = pages.object_url(self.admin_site.name, done.batch)
        return pages.result(request, self, title=_("%d cards imported") % done.batch.count, facts=told, back=back)

    @pages.act(description=gettext_lazy("Export"), icon="download")
    @method_decorator(reauthentication_required)
    def export(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Hand the cards that are not sold out as a file, with a line in the trail; the password is asked for again."""
        batch = self.subject(request, object_id)
        if request.method != "POST":
            text = _("Plain cards are as good as money. Who exported them, and when, is kept. Void them here when you sell them elsewhere.")
            back = pages.object_url(self.admin_site.name, batch)
            return pages.ask(request, self, title=_("Export %s") % batch, submit=_("Download"), explanation=text, back=back)
        rows = list(batch.cards.filter(state=Card.State.AVAILABLE).order_by("pk"))
        file = "".join(f"{text}\n" for text in cards.reveal(rows)).encode()
        self.record(request, "export", batch, after={"cards": len(rows), "sha256": hashlib.sha256(file).hexdigest()})
        response = HttpResponse(file, content_type="text/plain; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="cards-{batch.pk}.txt"'
        response["Cache-Control"] = "no-store"
        return response

    @pages.act(description=gettext_lazy("Void"), icon="block")
    def void(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take what is not sold off the shelf."""
        batch = self.subject(request, object_id)
        return _void(self, request, batch, batch.cards.all(), _("Takes every card of the batch that is not sold off the shelf, for ever."))

    @admin.display(description=gettext_lazy("available"))
    def available(self, batch: CardBatch) -> SafeString:
        return number(f"{batch.left:,}")  # type: ignore[attr-defined]  # annotated above


class BatchFilter(IdFilter):
    """The cards of one batch, named in the address."""

    title = gettext_lazy("batch")
    parameter_name = "batch"
    paths = ("batch_id",)


class CardAdmin(ReadOnly, DeskAdmin[Card]):
    """Single cards by their last four."""

    list_display = ("shown", "product", "batch", "state_label", "order", "changed_at")
    list_filter = ("state", BatchFilter)
    list_select_related = ("batch", "product", "order")
    search_fields = ("=last4", "=order__number")
    ordering = ("-id",)
    fields = ("shown", "product", "batch", "state_label", "order", "changed_at")
    readonly_fields = fields
    actions_detail = ("void",)

    @pages.act(description=gettext_lazy("Void"), icon="block")
    def void(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take one card off the shelf."""
        card = self.subject(request, object_id)
        return _void(self, request, card, Card.objects.filter(pk=card.pk), _("Takes the card off the shelf for ever, if it is not sold."))

    @admin.display(description=gettext_lazy("card"))
    def shown(self, card: Card) -> SafeString:
        return mono(f"…{card.last4}")

    @label(description=gettext_lazy("state"), ordering="state", colours=STATE_LABELS)
    def state_label(self, card: Card) -> tuple[str, str]:
        return card.state, card.get_state_display()


class ReadyKeyAdmin(ReadOnly, DeskAdmin[ReadyKey]):
    """Keys that were sold, and who took them into an account."""

    list_display = ("key", "order", "claimed_by", "claimed_at")
    list_select_related = ("key", "code__order", "claimed_by__user", "claimed_by__tenant")
    search_fields = ("=code__order__number", "key__prefix", "=claimed_by__user__email")
    ordering = ("-id",)
    fields = ("key", "order", "code", "membership", "claimed_by", "claimed_at")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("order"))
    def order(self, ready: ReadyKey) -> str:
        return str(ready.code.order or "—")


def _faults() -> dict[cards.Fault, str]:
    return {
        cards.Fault.LENGTH: _("Refused, longer than %d characters, lines") % cards.LONGEST,
        cards.Fault.NO_TEXT: _("Refused, not text, lines"),
    }


def _void(desk: DeskAdmin[Any], request: HttpRequest, subject: Any, rows: QuerySet[Card], explanation: str) -> HttpResponse:
    back = pages.object_url(desk.admin_site.name, subject)
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        title = _("Void %s") % subject
        return pages.ask(request, desk, title=title, submit=title, form=form, explanation=explanation, back=back, is_danger=True)
    with transaction.atomic():
        count = cards.void(cards=rows)
        desk.record(request, "void", subject, after={"cards": count, "reason": form.cleaned_data["reason"]})
    desk.message_user(request, _("%d cards voided.") % count, level=notes.SUCCESS if count else notes.WARNING)
    return redirect(back)
