"""Quota codes: mint a batch, export it, freeze, revoke. Lists show the last four; plain texts leave with a line in the trail."""

from __future__ import annotations

import csv
import hashlib
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_scope import TenantTabularInline, actor_of
from billing import chart, code_shelf, codes, money, reissue
from billing.models.codes import Code, CodeBatch, CodeEvent
from console.admin import code_imports, pages
from console.admin.base import DeskAdmin, IdFilter, ReadOnly, TenantColumn, facts
from console.admin.code_forms import ExportForm, MintForm, PromoForm, ReasonForm
from console.admin.figures import flag, label, mono, number, progress, usd
from console.admin.ledger import link

STATE_LABELS = {
    "available": "success", "reserved": "info", "sold": "primary", "redeemed": "default",
    "frozen": "warning", "revoked": "danger", "expired": "danger",
}  # fmt: skip
MOST_SHOWN = 200


class CodeBatchAdmin(TenantColumn, DeskAdmin[CodeBatch]):
    """Codes minted together."""

    list_display = ("__str__", "product", "units", "count", "available", "redeemed", "offline", "shared_text", "created_at", "note")
    list_select_related = ("product", "tenant")
    search_fields = ("note", "product__name", "shared_text")
    ordering = ("-id",)
    fields = (
        "tenant",
        "product",
        "units",
        "count",
        "made",
        "available",
        "redeemed",
        "offline",
        "shared_text",
        "new_only",
        "redeem_from",
        "redeem_by",
        "valid_days",
        "note",
        "actor",
        "created_at",
    )
    readonly_fields = fields
    actions_list = ("offer_promo", "import_codes")
    actions_detail = ("export", "freeze", "unfreeze", "reissue", "revoke")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CodeBatch]:
        rows: QuerySet[CodeBatch] = super().get_queryset(request)
        counted = {f"{state}_count": Count("codes", filter=Q(codes__state=state)) for state in ("available", "redeemed")}
        return rows.annotate(**counted)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        chosen = request.GET.get("product", "")
        form = MintForm(request.POST or None, request=request, initial={"product": chosen} if chosen.isascii() and chosen.isdigit() else {})
        if form.is_valid() and (minted := self._mint(request, form)):
            return self._show(request, minted)
        text = _("Codes are covered by your stock of quota: what you mint is set aside until it is redeemed or revoked.")
        text = format_html("{} {}", text, self._stock(request))
        return pages.ask(request, self, title=_("Mint codes"), submit=_("Mint"), form=form, explanation=text)

    @pages.list_act(description=gettext_lazy("Offer a promo code"), icon="campaign")
    def offer_promo(self, request: HttpRequest) -> HttpResponse:
        """Let many customers redeem one text, each once."""
        form = PromoForm(request.POST or None, request=request)
        if form.is_valid():
            with transaction.atomic():
                if batch := form.save(request):
                    self.record(request, "promo", batch, after=facts(batch))
                    return redirect(pages.object_url(self.admin_site.name, batch))
        text = _("Customers type it on the redeem page. All its uses are covered by your stock of quota at once; what is left goes back.")
        text = format_html("{} {}", text, self._stock(request))
        return pages.ask(request, self, title=_("Offer a promo code"), submit=_("Offer"), form=form, explanation=text)

    @pages.list_act(description=gettext_lazy("Import codes"), icon="upload_file")
    def import_codes(self, request: HttpRequest) -> HttpResponse:
        """Take codes of another system over."""
        return code_imports.run(self, request)

    def _stock(self, request: HttpRequest) -> SafeString:
        """Say what a shop has in stock, and where it buys more; nothing of the platform, which has as much as it wants."""
        actor = actor_of(request)
        if actor.is_platform:
            return SafeString()
        buy = link(reverse("reseller:accounts_tenant_buy_quota", args=[actor.tenant.pk]), _("Buy wholesale"))
        return format_html("{} {}", _("In stock: %s.") % money.format_usd(chart.free_stock(tenant_id=actor.tenant.pk)), buy)

    def _mint(self, request: HttpRequest, form: MintForm) -> codes.Minted | None:
        with transaction.atomic():
            minted = form.save(request)
            if minted is not None:
                self.record(request, "mint", minted.batch, after=facts(minted.batch))
        return minted

    def _show(self, request: HttpRequest, minted: codes.Minted) -> HttpResponse:
        """Show a small batch at once; a large one is exported from its page."""
        batch = minted.batch
        back = pages.object_url(self.admin_site.name, batch)
        if len(minted.codes) > MOST_SHOWN:
            return redirect(back)
        told = [(_("Batch"), batch), (_("Codes"), f"{batch.count:,}"), (_("Quota of each"), usd(batch.units_micros))]
        if not batch.tenant.is_root:
            told.append((_("Left in stock"), usd(chart.free_stock(tenant_id=batch.tenant_id))))
        boxes = [pages.Box(_("Codes"), "\n".join(minted.codes))]
        return pages.result(request, self, title=_("%d codes minted") % batch.count, boxes=boxes, facts=told, back=back)

    @pages.act(description=gettext_lazy("Export"), icon="download")
    @method_decorator(reauthentication_required)
    def export(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Hand the plain codes out as a file, with a line in the trail; the password is asked for again."""
        batch = self.subject(request, object_id)
        form = ExportForm(request.POST or None)
        if not form.is_valid():
            text = _("Plain codes are as good as money. Who exported them, and when, is kept.")
            back = pages.object_url(self.admin_site.name, batch)
            return pages.ask(request, self, title=_("Export %s") % batch, submit=_("Download"), form=form, explanation=text, back=back)
        rows = Code.objects.filter(batch=batch).select_related("batch").order_by("serial")
        if form.cleaned_data["which"] == "available":
            rows = rows.filter(state=Code.State.AVAILABLE)
        found = list(rows)
        try:
            answer = _file(batch, found, form.cleaned_data["format"])
        except codes.CodeError as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect(pages.object_url(self.admin_site.name, batch))
        digest = hashlib.sha256(answer.content).hexdigest()
        self.record(request, "export", batch, after={"codes": len(found), "which": form.cleaned_data["which"], "sha256": digest})
        return answer

    @pages.act(description=gettext_lazy("Freeze"), icon="ac_unit")
    def freeze(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Stop a batch for the time being."""
        return self._with_reason(request, object_id, "freeze", _("Stops every code that could still be redeemed. It can be undone."))

    @pages.act(description=gettext_lazy("Unfreeze"), icon="sunny")
    def unfreeze(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let a frozen batch go on."""
        return self._with_reason(request, object_id, "unfreeze", _("Frozen codes become what they were."))

    @pages.act(description=gettext_lazy("Revoke"), icon="block")
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End what was not redeemed."""
        return self._with_reason(request, object_id, "revoke", _("Ends every code that was not redeemed; their quota goes back to stock."))

    @pages.act(description=gettext_lazy("Reissue"), icon="autorenew")
    def reissue(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Replace what leaked."""
        batch = self.subject(request, object_id)
        back = pages.object_url(self.admin_site.name, batch)
        form = ReasonForm(request.POST or None)
        if not form.is_valid():
            text = _(
                "Every code that was not redeemed ends, and a new one takes its place in a new batch. Who bought one gets a mail and finds"
                " the new code on the order's page; codes sold elsewhere you hand out anew."
            )
            title = _("Reissue %s") % batch
            return pages.ask(request, self, title=title, submit=title, form=form, explanation=text, back=back, is_danger=True)
        reason = form.cleaned_data["reason"]
        try:
            with transaction.atomic():
                made = reissue.reissue(batch=batch, actor=actor_of(request).user, reason=reason)
                self.record(request, "reissue", batch, after={"batch": made.pk, "codes": made.count, "reason": reason})
        except codes.CodeError as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect(back)
        self.message_user(request, _("%d codes changed.") % made.count)
        return redirect(pages.object_url(self.admin_site.name, made))

    def _with_reason(self, request: HttpRequest, object_id: str, verb: str, explanation: str) -> HttpResponse:
        batch = self.subject(request, object_id)
        back = pages.object_url(self.admin_site.name, batch)
        form = ReasonForm(request.POST or None)
        if not form.is_valid():
            title = {"freeze": _("Freeze %s"), "unfreeze": _("Unfreeze %s"), "revoke": _("Revoke %s")}[verb] % batch
            return pages.ask(
                request, self, title=title, submit=title, form=form, explanation=explanation, back=back, is_danger=verb == "revoke"
            )
        reason = form.cleaned_data["reason"]
        act = {"freeze": code_shelf.freeze, "unfreeze": code_shelf.unfreeze, "revoke": code_shelf.revoke}[verb]
        try:
            with transaction.atomic():
                count = act(batch=batch, actor=actor_of(request).user, reason=reason)
                self.record(request, verb, batch, after={"codes": count, "reason": reason})
        except codes.Unfinished as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect(back)
        self.message_user(request, _("%d codes changed.") % count)
        return redirect(back)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Show a batch; while a worker makes its codes the page comes again by itself."""
        answer: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        if CodeBatch.objects.filter(pk=object_id, unminted__gt=0).exists():
            answer["Refresh"] = "2"
        return answer

    @admin.display(description=gettext_lazy("codes made"))
    def made(self, batch: CodeBatch) -> SafeString:
        return progress(batch.count - batch.unminted, batch.count)

    @admin.display(description=gettext_lazy("quota of each"), ordering="units_micros")
    def units(self, batch: CodeBatch) -> SafeString:
        return usd(batch.units_micros)

    @admin.display(description=gettext_lazy("sold elsewhere"), ordering="is_offline")
    def offline(self, batch: CodeBatch) -> SafeString:
        return flag(batch.is_offline)

    @admin.display(description=gettext_lazy("available"))
    def available(self, batch: CodeBatch) -> SafeString:
        return number(f"{batch.available_count:,}")  # type: ignore[attr-defined]  # annotated above

    @admin.display(description=gettext_lazy("redeemed"))
    def redeemed(self, batch: CodeBatch) -> SafeString:
        return number(f"{batch.redeemed_count:,}")  # type: ignore[attr-defined]  # annotated above


class CodeEventInline(TenantTabularInline[CodeEvent, Code]):
    """A code's life."""

    model = CodeEvent
    fields = ("created_at", "before", "after", "actor", "order", "reason")
    readonly_fields = fields
    add_roles = change_roles = delete_roles = ()
    can_delete = False


class BatchFilter(IdFilter):
    """The codes of one batch, named in the address."""

    title = gettext_lazy("batch")
    parameter_name = "batch"
    paths = ("batch_id",)


class CodeAdmin(ReadOnly, DeskAdmin[Code]):
    """Single codes by their last four."""

    list_display = ("shown", "batch", "state_label", "order", "redeemed_by", "redeemed_at")
    list_filter = ("state", BatchFilter)
    list_select_related = ("batch", "order", "redeemed_by__user", "redeemed_by__tenant")
    search_fields = ("=last4", "=order__number", "=redeemed_by__user__email")
    ordering = ("-id",)
    fields = ("shown", "batch", "serial", "state_label", "order", "redeemed_by", "redeemed_at", "journal")
    readonly_fields = fields
    inlines = (CodeEventInline,)

    @admin.display(description=gettext_lazy("code"))
    def shown(self, code: Code) -> SafeString:
        return mono(f"…{code.last4}")

    @label(description=gettext_lazy("state"), ordering="state", colours=STATE_LABELS)
    def state_label(self, code: Code) -> tuple[str, str]:
        return code.state, code.get_state_display()


def _file(batch: CodeBatch, rows: list[Code], kind: str) -> HttpResponse:
    plain = codes.reveal(rows)
    response = HttpResponse(content_type="text/csv; charset=utf-8" if kind == "csv" else "text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="codes-{batch.pk}.{kind}"'
    response["Cache-Control"] = "no-store"
    if kind == "txt":
        response.write("".join(f"{text}\n" for text in plain))
        return response
    writer = csv.writer(response)
    writer.writerow(["serial", "code", "state"])
    writer.writerows((row.serial, text, row.state) for row, text in zip(rows, plain, strict=True))
    return response
