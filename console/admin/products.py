"""Products of a shop and its payment accounts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.admin_scope import actor_of
from billing import catalogue, money, offers
from billing.models.shop import Product
from console.admin.base import DeskAdmin, TenantColumn, facts
from console.admin.fields import UsdField
from console.admin.figures import number, usd

# What an offer is made of, beside denomination and price.
_OFFER = ("category", "compare_minor", "tiers", "stock_left", "stock_shown", "least_pieces", "most_pieces", "most_each")


class ProductForm(forms.ModelForm[Product]):
    """Takes quota in dollars and the price as people write it in its currency."""

    units_micros = UsdField(
        label=gettext_lazy("Quota, $"), required=False, help_text=gettext_lazy("Of a code or a ready key; empty for what holds no quota.")
    )
    price = forms.CharField(label=gettext_lazy("Price"), widget=UnfoldAdminTextInputWidget, help_text=gettext_lazy("Such as 39.00"))
    compare = forms.CharField(label=gettext_lazy("Struck price"), widget=UnfoldAdminTextInputWidget, required=False)
    many = forms.CharField(
        label=gettext_lazy("Prices for many"),
        widget=UnfoldAdminTextInputWidget,
        required=False,
        help_text=gettext_lazy("Pieces = price of each, such as 10 = 37.00, 50 = 35.00"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            product, currency = self.instance, self.instance.currency
            self.initial["price"] = money.plain_minor(product.price_minor, currency=currency)
            self.initial["compare"] = money.plain_minor(product.compare_minor, currency=currency) if product.compare_minor else ""
            steps = [f"{tier['from']} = {money.plain_minor(tier['price_minor'], currency=currency)}" for tier in product.tiers]
            self.initial["many"] = ", ".join(steps)

    def clean_currency(self) -> str:
        currency: str = self.cleaned_data["currency"].upper()
        if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
            raise forms.ValidationError(_("Write three letters such as CNY."))
        return currency

    def clean_units_micros(self) -> int:
        return self.cleaned_data["units_micros"] or 0

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "units_micros" in cleaned and (cleaned["units_micros"] > 0) != (cleaned.get("kind") in Product.QUOTA_KINDS):
            self.add_error("units_micros", _("A code or a ready key needs an amount above 0; what holds no quota has none."))
        currency = cleaned.get("currency") or self.instance.currency
        try:
            self.instance.price_minor = money.parse_minor(cleaned.get("price", ""), currency=currency or "CNY")
        except money.BadAmount as error:
            self.add_error("price", str(error))
        else:
            if not self.instance.price_minor:
                self.add_error("price", _("Write an amount above 0."))
        if not self.errors:
            self._clean_offers(cleaned, currency or "CNY")
        return cleaned

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


class ProductAdmin(TenantColumn, DeskAdmin[Product]):
    """What the shop sells. The stock of a product are the codes minted or the cards imported for it, or a number."""

    form = ProductForm
    list_display = ("name", "kind", "units", "price_shown", "in_stock", "is_active", "sort")
    list_filter = ("is_active", "kind")
    list_select_related = ("tenant",)
    search_fields = ("name", "slug")
    ordering = ("sort", "units_micros", "id")
    fieldsets: tuple[Any, ...] = (
        (None, {"fields": ("name", "kind", "units_micros", "price", "currency", "is_active", "sort", "category")}),
        (gettext_lazy("Offer"), {"fields": ("compare", "many", "stock_left", "stock_shown", "least_pieces", "most_pieces", "most_each")}),
        (gettext_lazy("Texts"), {"fields": ("description", "instructions")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return catalogue.stocked(super().get_queryset(request))

    def get_fieldsets(self, request: HttpRequest, obj: Product | None = None) -> Any:
        names = list(self.fieldsets[0][1]["fields"])
        if obj is not None:
            names[2] = "units"
        elif actor_of(request).is_platform:
            names.insert(0, "tenant")
        return ((None, {"fields": names}), *self.fieldsets[1:])

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> tuple[str, ...]:
        # Codes of this denomination are in stock, and orders keep the currency: another one is another product.
        return ("kind", "units", "currency") if obj else ()

    def get_form(self, request: HttpRequest, obj: Product | None = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = ProductForm if obj is None else ProductChangeForm
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            before = self.facts(Product.objects.get(pk=obj.pk))
            obj.save(update_fields=["name", "price_minor", "is_active", "sort", "description", "instructions", *_OFFER])
            self.record_change(request, "change", obj, before=before)
            return
        actor = actor_of(request)
        made = catalogue.add_product(
            tenant=obj.tenant if actor.is_platform else actor.tenant, name=obj.name, units_micros=obj.units_micros,
            price_minor=obj.price_minor, currency=obj.currency, description=obj.description, instructions=obj.instructions,
            kind=obj.kind,
        )  # fmt: skip
        obj.pk = made.pk
        Product.objects.filter(pk=made.pk).update(is_active=obj.is_active, sort=obj.sort, **{name: getattr(obj, name) for name in _OFFER})
        obj.refresh_from_db()
        self.record(request, "add", obj, after=facts(obj))

    @admin.display(description=gettext_lazy("quota"), ordering="units_micros")
    def units(self, product: Product) -> SafeString:
        return usd(product.units_micros) if product.units_micros else number("—")

    @admin.display(description=gettext_lazy("price"), ordering="price_minor")
    def price_shown(self, product: Product) -> SafeString:
        return number(money.format_minor(product.price_minor, currency=product.currency))

    @admin.display(description=gettext_lazy("in stock"), ordering="stock")
    def in_stock(self, product: Product) -> SafeString:
        count: int = product.stock  # type: ignore[attr-defined]  # annotated above
        return number("∞" if count >= catalogue.ANY_NUMBER else f"{count:,}")
