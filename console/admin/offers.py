"""What is around a shop's products: categories and coupons."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.admin_scope import actor_of
from billing import money
from billing.models.offers import Coupon, CouponUse
from billing.models.shop import Category
from console.admin.base import DeskAdmin, TenantColumn
from console.admin.figures import number
from console.admin.texts import TextsAdmin


class CategoryAdmin(TextsAdmin, TenantColumn, DeskAdmin[Category]):
    """The shelves of a shop."""

    list_display = ("name", "slug", "is_active", "sort")
    search_fields = ("name", "slug")
    ordering = ("sort", "id")
    fields: tuple[str, ...] = ("name", "slug", "description", "is_active", "sort")

    def get_fields(self, request: HttpRequest, obj: Category | None = None) -> Any:
        return ("tenant", *self.fields) if obj is None and actor_of(request).is_platform else self.fields

    def get_prepopulated_fields(self, request: HttpRequest, obj: Category | None = None) -> dict[str, tuple[str, ...]]:
        return {"slug": ("name",)} if obj is None else {}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change and not actor_of(request).is_platform:
            obj.tenant = actor_of(request).tenant
        obj.slug = obj.slug or slugify(obj.name)[:60] or "shelf"
        super().save_model(request, obj, form, change)


def written(coupon: Coupon) -> dict[str, str]:
    """Return what the form's own fields say of a coupon, for who types and for who may only look."""
    currency = coupon.currency or "CNY"
    return {
        "amount": money.plain_minor(coupon.value, currency="USD" if coupon.kind == Coupon.Kind.PERCENT else currency),
        "least": money.plain_minor(coupon.least_minor, currency=currency) if coupon.least_minor else "",
        "most": money.plain_minor(coupon.most_minor, currency=currency) if coupon.most_minor else "",
    }


class CouponForm(forms.ModelForm[Coupon]):
    """Takes per cents and amounts as people write them."""

    amount = forms.CharField(
        label=gettext_lazy("Off"),
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Such as 10 for 10 %, or an amount such as 5.00"),
    )
    least = forms.CharField(label=gettext_lazy("From this sum on"), required=False, widget=UnfoldAdminTextInputWidget)
    most = forms.CharField(label=gettext_lazy("At most off"), required=False, widget=UnfoldAdminTextInputWidget)

    class Meta:
        model = Coupon
        fields = (
            "code", "kind", "currency", "starts_at", "ends_at", "most_uses", "most_uses_each", "products", "is_active",
            "not_with_tiers", "first_only", "group",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial.update(written(self.instance))

    def clean(self) -> dict[str, Any]:
        """Read the amounts in the coupon's currency; a per cent has two decimals."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        currency = (values.get("currency") or "CNY").upper()
        self.instance.currency = values["currency"] = currency
        is_percent = values.get("kind") == Coupon.Kind.PERCENT
        self.instance.value = self._read("amount", "USD" if is_percent else currency) or 0
        self.instance.least_minor = self._read("least", currency) or 0
        self.instance.most_minor = self._read("most", currency)
        if not self.errors and not 0 < self.instance.value <= (10_000 if is_percent else 10**12):
            self.add_error("amount", ValidationError(_("Write more than 0 and at most 100 %.")))
        return values

    def _read(self, name: str, currency: str) -> int | None:
        text = (self.cleaned_data.get(name) or "").strip()
        try:
            return money.parse_minor(text, currency=currency) if text else None
        except money.BadAmount as error:
            self.add_error(name, str(error))
            return None


class CouponAdmin(TenantColumn, DeskAdmin[Coupon]):
    """Coupons of a shop, and how often they were used."""

    form = CouponForm
    list_display = ("code", "off", "uses_shown", "starts_at", "ends_at", "is_active")
    list_filter = ("is_active", "kind")
    search_fields = ("code",)
    ordering = ("-id",)
    autocomplete_fields = ("products",)
    fieldsets: tuple[Any, ...] = (
        (None, {"fields": ("code", "kind", "amount", "currency", "is_active")}),
        (
            gettext_lazy("Where it counts"),
            {
                "fields": (
                    "least",
                    "most",
                    "products",
                    "starts_at",
                    "ends_at",
                    "most_uses",
                    "most_uses_each",
                    "not_with_tiers",
                    "first_only",
                    "group",
                )
            },
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Coupon | None = None) -> Any:
        names = self.fieldsets[0][1]["fields"]
        if obj is None and actor_of(request).is_platform:
            names = ("tenant", *names)
        return ((None, {"fields": names}), *self.fieldsets[1:])

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        used = obj is not None and CouponUse.objects.filter(coupon_id=obj.pk).exists()
        return not used and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            if not actor_of(request).is_platform:
                obj.tenant = actor_of(request).tenant
            super().save_model(request, obj, form, change)
            return
        before = self.facts(Coupon.objects.get(pk=obj.pk))
        columns = [field.name for field in Coupon._meta.concrete_fields if field.name not in {"id", "used", "tenant", "created_at"}]
        obj.save(update_fields=columns)
        self.record_change(request, "change", obj, before=before)

    # As the form's fields of the same names: who may only look has no form.
    @admin.display(description=gettext_lazy("Off"))
    def amount(self, coupon: Coupon) -> str:
        return written(coupon)["amount"]

    @admin.display(description=gettext_lazy("From this sum on"))
    def least(self, coupon: Coupon) -> str:
        return written(coupon)["least"]

    @admin.display(description=gettext_lazy("At most off"))
    def most(self, coupon: Coupon) -> str:
        return written(coupon)["most"]

    @admin.display(description=gettext_lazy("off"))
    def off(self, coupon: Coupon) -> SafeString:
        if coupon.kind == Coupon.Kind.PERCENT:
            return number(f"{coupon.value / 100:g} %")
        return number(money.format_minor(coupon.value, currency=coupon.currency))

    @admin.display(description=gettext_lazy("uses"))
    def uses_shown(self, coupon: Coupon) -> SafeString:
        return number(f"{coupon.used:,}" if coupon.most_uses is None else f"{coupon.used:,} / {coupon.most_uses:,}")
