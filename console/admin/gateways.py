"""Payment accounts in the back office: add one by its gateway's own fields, change them, try them. Secrets are typed and never shown."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import scope
from accounts.admin_scope import actor_of
from accounts.models import Tenant
from billing import gateways
from billing.models.shop import GatewayAccount
from billing.payments.base import Driver, Field, GatewayError, secret
from console.admin import pages, payment_doctor, payouts
from console.admin.base import DeskAdmin, TenantColumn
from console.admin.fields import SecretField
from console.admin.figures import label, mono

MASK = "…"
READY = {"ready": "success", "off": "warning", "incomplete": "danger"}


class AccountForm(pages.DeskForm):
    """The fields of one gateway; those for the operator only where the operator types."""

    name = forms.CharField(
        label=gettext_lazy("Name"), required=False, max_length=60, help_text=gettext_lazy("Buyers read it when they choose how to pay.")
    )
    tenant = forms.ModelChoiceField(queryset=Tenant.objects.none(), label=gettext_lazy("Tenant"), empty_label=None)

    def __init__(self, *args: Any, request: HttpRequest, driver: Driver, account: GatewayAccount | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        actor = actor_of(request)
        self._driver = driver
        self._is_operator = actor.is_platform
        for declared in driver.fields:
            if self._is_operator or not declared.is_for_operator:
                self.fields[declared.name] = _field(declared, account)
                pages.dress(self.fields[declared.name].widget)
        if account is not None or not actor.is_platform:
            del self.fields["tenant"]
        else:
            field: Any = self.fields["tenant"]
            field.queryset = scope.narrow(actor, Tenant.objects.order_by("pk"))
            field.initial = actor.tenant.pk
        if account is not None:
            self.fields["name"].initial = account.name

    def values(self) -> dict[str, str]:
        """Return the gateway's own fields as typed."""
        return {one.name: self.cleaned_data[one.name] for one in self._driver.fields if one.name in self.cleaned_data}


class GatewayAccountAdmin(TenantColumn, DeskAdmin[GatewayAccount]):
    """A shop's payment accounts."""

    list_display = ("name", "driver", "state_label", "created_at")
    list_filter = ("is_enabled",)
    list_select_related = ("tenant",)
    ordering = ("id",)
    fields = ("name", "driver", "state_label", "is_enabled", "webhook", "failed_at", "failure", "created_at")
    readonly_fields = ("driver", "state_label", "webhook", "failed_at", "failure", "created_at")
    filter_horizontal = ("lent_to",)
    actions_detail = ("credentials", "check_now", "doctor", "book_payout")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Ask for the gateway first: its fields make the form."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        offered = gateways.offered()
        driver = offered.get(request.GET.get("gateway", ""))
        if driver is None:
            context = {**self.admin_site.each_context(request), "title": _("Which gateway?"), "opts": self.opts}
            request.current_app = self.admin_site.name
            return TemplateResponse(request, "console/admin/gateways.html", context | {"drivers": offered.values()})
        form = AccountForm(request.POST or None, request=request, driver=driver)
        if form.is_valid() and (account := self._add(request, driver, form)):
            messages.success(request, _("%s is there; buyers can choose it as soon as it is ready.") % account)
            return redirect(pages.object_url(self.admin_site.name, account))
        return pages.ask(request, self, title=_("New account: %s") % driver.label, submit=_("Add"), form=form)

    def get_fields(self, request: HttpRequest, obj: GatewayAccount | None = None) -> Any:
        """Let the platform lend its own accounts to shops."""
        is_lendable = obj is not None and obj.tenant.is_root and actor_of(request).is_platform
        return (*self.fields, "lent_to", "lent_fee", "lent_days") if is_lendable else self.fields

    @pages.act(description=gettext_lazy("Credentials"), icon="key")
    def credentials(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Change what the gateway asks for; an empty secret keeps the stored one."""
        account = self.subject(request, object_id)
        back = pages.object_url(self.admin_site.name, account)
        driver = gateways.drivers().get(account.driver)
        if driver is None:
            messages.error(request, _("This gateway is not here any more."))
            return redirect(back)
        form = AccountForm(request.POST or None, request=request, driver=driver, account=account)
        if form.is_valid() and self._change(request, account, form):
            messages.success(request, _("Saved."))
            return redirect(back)
        return pages.ask(request, self, title=_("Account %s") % account, submit=_("Save"), form=form, back=back)

    @pages.act(description=gettext_lazy("Test now"), icon="network_check")
    def check_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask the gateway whether the credentials are good."""
        account = self.subject(request, object_id)
        back = pages.object_url(self.admin_site.name, account)
        if request.method != "POST":
            return pages.ask(request, self, title=_("Test %s now?") % account, submit=_("Test now"), back=back)
        try:
            gateways.driver_of(account.driver).check(account)
        except (GatewayError, gateways.GatewayAccountError) as error:
            return pages.result(request, self, title=str(account), facts=[(_("Result"), _("fails")), (_("Message"), str(error))], back=back)
        return pages.result(request, self, title=str(account), facts=[(_("Result"), _("works"))], back=back)

    @pages.act(description=gettext_lazy("Doctor"), icon="stethoscope")
    def doctor(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Find out why payments do not arrive."""
        return payment_doctor.run(self, request, self.subject(request, object_id))

    @pages.act(description=gettext_lazy("Book a payout"), icon="account_balance")
    def book_payout(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Note what has arrived at the bank."""
        return payouts.run(self, request, self.subject(request, object_id))

    def _add(self, request: HttpRequest, driver: Driver, form: AccountForm) -> GatewayAccount | None:
        actor = actor_of(request)
        tenant = form.cleaned_data.get("tenant") or actor.tenant
        try:
            account = gateways.add_account(
                tenant=tenant, driver=driver.slug, name=form.cleaned_data["name"], values=form.values(), is_operator=actor.is_platform
            )
        except gateways.GatewayAccountError as error:
            form.add_error(None, str(error))
            return None
        self.record(request, "add", account, after=self.facts(account))
        return account

    def _change(self, request: HttpRequest, account: GatewayAccount, form: AccountForm) -> bool:
        before = self.facts(account)
        account.name = form.cleaned_data["name"] or account.name
        try:
            gateways.write(account, form.values(), is_operator=actor_of(request).is_platform)
        except gateways.GatewayAccountError as error:
            form.add_error(None, str(error))
            return False
        account.save(update_fields=["name", "options", "sealed"])
        self.record(request, "credentials", account, before=before, after=self.facts(account))
        return True

    @label(description=gettext_lazy("state"), colours=READY)
    def state_label(self, account: GatewayAccount) -> tuple[str, str]:
        if not account.is_enabled:
            return "off", _("off")
        if account.driver == GatewayAccount.MANUAL:
            return "ready", _("by staff")
        return ("ready", _("ready")) if gateways.is_ready(account) else ("incomplete", _("incomplete"))

    @admin.display(description=gettext_lazy("webhook"))
    def webhook(self, account: GatewayAccount) -> SafeString:
        """Show the path to enter at the gateway, on the shop's host."""
        driver = gateways.drivers().get(account.driver)
        if driver is None or not driver.has_account_address:
            return mono("—")
        return mono(reverse("pay_webhook", kwargs={"gateway": driver.slug, "account": account.token}))


def _field(declared: Field, account: GatewayAccount | None) -> forms.Field:
    if declared.is_secret:
        stored = MASK if account is not None and secret(account, declared.name) else ""
        return SecretField(label=declared.label, stored=stored, required=declared.is_required, help_text=declared.help)
    initial = str(account.options.get(declared.name, "")) if account is not None else ""
    words: dict[str, Any] = {"label": declared.label, "help_text": declared.help}
    return forms.CharField(required=declared.is_required, initial=initial, **words)
