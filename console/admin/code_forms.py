"""What the back office asks before codes are minted, exported or stopped."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy

from accounts import scope
from accounts.admin_scope import actor_of
from accounts.models import Tenant
from billing import chart, codes, minting, money, promos
from billing.models.codes import CodeBatch
from billing.models.shop import Product
from console.admin import pages, tenant_choice
from console.admin.fields import FirstDayField, LastDayField, UsdField


def _missing(tenant: Tenant, needed: int) -> str:
    """Say what the stock lacks of the µ$ that codes take."""
    stock = chart.free_stock(tenant_id=tenant.pk)
    told = {"needed": money.format_usd(needed), "stock": money.format_usd(stock), "missing": money.format_usd(needed - stock)}
    return gettext("This takes %(needed)s of the stock, in which there is %(stock)s: buy %(missing)s more first.") % told


class MintForm(pages.DeskForm):
    """What to mint: for a product of the shop, or of any denomination for sale elsewhere."""

    product = forms.ModelChoiceField(
        queryset=Product.objects.none(), required=False, label=gettext_lazy("Product"), empty_label=gettext_lazy("none: sold elsewhere")
    )
    tenant = forms.ModelChoiceField(queryset=Tenant.objects.none(), label=gettext_lazy("Tenant"), empty_label=None)
    units_micros = UsdField(
        label=gettext_lazy("Quota of each, $"), required=False, help_text=gettext_lazy("Only without a product; a product has its own.")
    )
    count = forms.IntegerField(label=gettext_lazy("Codes"), min_value=1, max_value=codes.MOST_PER_BATCH, initial=10)
    redeem_by = LastDayField()
    valid_days = forms.IntegerField(
        label=gettext_lazy("Days the credit is valid"), required=False, min_value=1, help_text=gettext_lazy("Empty: for ever.")
    )
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=200)

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        product: Any = self.fields["product"]
        product.queryset = scope.narrow(actor_of(request), Product.objects.select_related("tenant").filter(kind__in=Product.MINTED_KINDS))
        tenant_choice.offer(self, request)

    def save(self, request: HttpRequest) -> codes.Minted | None:
        """Mint; a refusal becomes an error of the form and None is returned."""
        actor, values = actor_of(request), self.cleaned_data
        product: Product | None = values["product"]
        tenant = product.tenant if product else values.get("tenant") or actor.tenant
        units = product.units_micros if product else values["units_micros"] or 0
        try:
            minted = codes.mint(
                tenant=tenant, units_micros=units, count=values["count"], product=product, offline=product is None,
                redeem_by=values["redeem_by"], valid_days=values["valid_days"], note=values["note"], actor=actor.user,
                at_once=minting.AT_ONCE,
            )  # fmt: skip
        except codes.NotCovered:
            self.add_error(None, _missing(tenant, units * values["count"]))
            return None
        except codes.CodeError as error:
            self.add_error(None, str(error))
            return None
        minting.finish_later(minted.batch)
        return minted


class PromoForm(pages.DeskForm):
    """A text that many customers redeem, each once."""

    tenant = forms.ModelChoiceField(queryset=Tenant.objects.none(), label=gettext_lazy("Tenant"), empty_label=None)
    text = forms.CharField(
        label=gettext_lazy("Promo code"), max_length=promos.LONGEST, help_text=gettext_lazy("4 to 40 letters, digits and dashes.")
    )
    units_micros = UsdField(label=gettext_lazy("Quota of each, $"))
    uses = forms.IntegerField(
        label=gettext_lazy("Uses"), min_value=1, max_value=codes.MOST_PER_BATCH, help_text=gettext_lazy("In all. Each customer has one.")
    )
    new_only = forms.BooleanField(
        label=gettext_lazy("For newcomers only"), required=False,
        help_text=gettext_lazy("Who redeemed a code or paid for an order here before is refused."),
    )  # fmt: skip
    redeem_from = FirstDayField()
    redeem_by = LastDayField()
    valid_days = forms.IntegerField(
        label=gettext_lazy("Days the credit is valid"), required=False, min_value=1, help_text=gettext_lazy("Empty: for ever.")
    )
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=200)

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenant_choice.offer(self, request)

    def save(self, request: HttpRequest) -> CodeBatch | None:
        """Offer it; a refusal becomes an error of the form and None is returned."""
        actor, values = actor_of(request), dict(self.cleaned_data)
        tenant = values.pop("tenant", None) or actor.tenant
        try:
            batch = promos.offer(tenant=tenant, actor=actor.user, at_once=minting.AT_ONCE, **values)
        except codes.NotCovered:
            self.add_error(None, _missing(tenant, values["units_micros"] * values["uses"]))
            return None
        except codes.CodeError as error:
            self.add_error(None, str(error))
            return None
        minting.finish_later(batch)
        return batch


class ExportForm(pages.DeskForm):
    """Which codes leave, and how."""

    which = forms.ChoiceField(
        label=gettext_lazy("Codes"), choices=[("available", gettext_lazy("not sold yet")), ("all", gettext_lazy("all of the batch"))]
    )
    format = forms.ChoiceField(label=gettext_lazy("Format"), choices=[("txt", gettext_lazy("text, one a line")), ("csv", "CSV")])


class ReasonForm(pages.DeskForm):
    """Why: kept with the event."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)
