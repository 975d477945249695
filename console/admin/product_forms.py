"""The form of a product in the back office: quota in dollars, prices as people write them, what buyers are asked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.models import Tenant
from billing import catalogue, money, offers, questions
from billing.models.shop import Product
from console.admin.fields import UsdField


def written(product: Product) -> dict[str, str]:
    """Return what the form's own fields say of a product, for who types and for who may only look."""
    currency = product.currency
    return {
        "price": money.plain_minor(product.price_minor, currency=currency),
        "compare": money.plain_minor(product.compare_minor, currency=currency) if product.compare_minor else "",
        "many": ", ".join(f"{tier['from']} = {money.plain_minor(tier['price_minor'], currency=currency)}" for tier in product.tiers),
        "asked": questions.spell(product.questions),
    }


class ProductForm(forms.ModelForm[Product]):
    """Takes quota in dollars and the price as people write it in its currency."""

    units_micros = UsdField(
        label=gettext_lazy("Quota, $"),
        required=False,
        help_text=gettext_lazy("Of a code, a key, a top-up or stock; empty for what holds none."),
    )
    bonus_micros = UsdField(label=gettext_lazy("Bonus, $"), required=False, help_text=gettext_lazy("Of a top-up: what comes on top."))
    price = forms.CharField(label=gettext_lazy("Price"), widget=UnfoldAdminTextInputWidget, help_text=gettext_lazy("Such as 39.00"))
    compare = forms.CharField(label=gettext_lazy("Struck price"), widget=UnfoldAdminTextInputWidget, required=False)
    asked = forms.CharField(
        label=gettext_lazy("Asked of the buyer"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=gettext_lazy("One a line: a name, * when it must be answered, = a | b for choices. Empty in a variant: as its product."),
    )
    many = forms.CharField(
        label=gettext_lazy("Prices for many"),
        widget=UnfoldAdminTextInputWidget,
        required=False,
        help_text=gettext_lazy("Pieces = price of each, such as 10 = 37.00, 50 = 35.00"),
    )

    # Whose the product is when the form does not ask.
    own_tenant: Tenant | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "lead" in self.fields:  # who may only look has none
            lead: Any = self.fields["lead"]
            lead.queryset = lead.queryset.filter(lead=None).exclude(pk=self.instance.pk)
            self.fields["slug"].required = bool(self.instance.pk)
        if self.instance.pk:
            self.initial.update(written(self.instance))

    def clean_currency(self) -> str:
        currency: str = self.cleaned_data["currency"].upper()
        if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
            raise forms.ValidationError(_("Write three letters such as CNY."))
        return currency

    def clean_units_micros(self) -> int:
        return self.cleaned_data["units_micros"] or 0

    def clean_bonus_micros(self) -> int:
        return self.cleaned_data["bonus_micros"] or 0

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "units_micros" in cleaned and (cleaned["units_micros"] > 0) != (cleaned.get("kind") in Product.QUOTA_KINDS):
            self.add_error("units_micros", _("What sells quota needs an amount above 0; what holds no quota has none."))
        if cleaned.get("bonus_micros") and (cleaned.get("kind") or self.instance.kind) != Product.Kind.TOPUP:
            self.add_error("bonus_micros", _("Only a top-up has a bonus."))
        currency = cleaned.get("currency") or self.instance.currency
        try:
            self.instance.price_minor = money.parse_minor(cleaned.get("price", ""), currency=currency or "CNY")
        except money.BadAmount as error:
            self.add_error("price", str(error))
        else:
            if not self.instance.price_minor:
                self.add_error("price", _("Write an amount above 0."))
        try:
            self.instance.questions = questions.read(cleaned.get("asked") or "")
        except questions.BadQuestions as error:
            self.add_error("asked", str(error))
        if not self.errors:
            self._clean_offers(cleaned, currency or "CNY")
            self._clean_place(cleaned, currency or "CNY")
        return cleaned

    def _clean_place(self, cleaned: dict[str, Any], currency: str) -> None:
        """Look whether the short name is free, and whether this can be a variant of that."""
        product = self.instance
        tenant = cleaned.get("tenant") or self.own_tenant or product.tenant
        product.tenant, product.currency = tenant, currency
        product.units_micros = cleaned.get("units_micros", product.units_micros)
        product.bonus_micros = cleaned.get("bonus_micros") or 0
        try:
            catalogue.check_price(product)
        except catalogue.BadProduct as error:
            self.add_error("price", str(error))
        if cleaned.get("slug") and Product.objects.filter(tenant=tenant, slug=cleaned["slug"]).exclude(pk=product.pk).exists():
            self.add_error("slug", _("Another product has this short name."))
        lead = cleaned.get("lead")
        try:
            if lead is not None:
                catalogue.check_lead(product=product, lead=lead)
        except catalogue.BadProduct as error:
            self.add_error("lead", str(error))

    def _clean_offers(self, cleaned: dict[str, Any], currency: str) -> None:
        """Read the struck price and the prices for many; each says by itself what is wrong with it."""
        try:
            text = cleaned.get("compare") or ""
            self.instance.compare_minor = money.parse_minor(text, currency=currency) if text else None
        except money.BadAmount as error:
            self.add_error("compare", str(error))
        try:
            self.instance.tiers = [_tier(step, currency) for step in (cleaned.get("many") or "").split(",") if step.strip()]
            offers.check_tiers(self.instance.tiers, price_minor=self.instance.price_minor)
        except ValueError as error:
            self.add_error("many", str(error))
        if cleaned.get("most_pieces", 1) < cleaned.get("least_pieces", 1):
            self.add_error("most_pieces", _("At most must not be less than at least."))


def _tier(step: str, currency: str) -> dict[str, int]:
    """Read `10 = 37.00`; raise ValueError."""
    pieces, equals, price = step.partition("=")
    if not equals or not pieces.strip().isdigit():
        raise ValueError(_("Write pieces = price of each, with commas between: 10 = 37.00, 50 = 35.00"))
    return {"from": int(pieces), "price_minor": money.parse_minor(price.strip(), currency=currency)}


class ProductChangeForm(ProductForm):
    """The form of a product that exists: its kind and denomination stay."""

    units_micros = None  # type: ignore[assignment]  # Django's way to leave an inherited field out
