"""Products of a shop and its payment accounts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_scope import actor_of
from billing import catalogue, money, pictures, sellable, stock_costs
from billing.models.shop import Product
from console.admin.base import DeskAdmin, TenantColumn, facts
from console.admin.figures import badge, number, usd
from console.admin.pictures import PictureInline
from console.admin.product_forms import ProductChangeForm, ProductForm, written
from console.admin.texts import TextsAdmin

# What an offer is made of, beside denomination and price.
_OFFER = (
    "category", "compare_minor", "tiers", "stock_left", "low_stock", "stock_shown", "least_pieces", "most_pieces", "most_each", "lead",
    "choice", "questions", "bonus_micros", "bonus_days", "summary", "meta_title", "meta_description", "translations", "tag", "tag_text",
)  # fmt: skip


class ProductAdmin(TextsAdmin, TenantColumn, DeskAdmin[Product]):
    """What the shop sells. The stock of a product are the codes minted or the cards imported for it, or a number."""

    form = ProductForm
    list_display = ("name", "kind", "units", "price_shown", "margin", "in_stock", "is_active", "hidden", "sort")
    list_filter = ("is_active", "kind")
    list_select_related = ("tenant",)
    search_fields = ("name", "slug")
    ordering = ("sort", "units_micros", "id")
    inlines = (PictureInline,)
    fieldsets: tuple[Any, ...] = (
        (None, {"fields": ("name", "kind", "units_micros", "price", "currency", "is_active", "sort", "category", "slug")}),
        (
            gettext_lazy("Offer"),
            {
                "fields": (
                    "bonus_micros",
                    "bonus_days",
                    "compare",
                    "many",
                    "tag",
                    "tag_text",
                    "stock_left",
                    "low_stock",
                    "stock_shown",
                    "least_pieces",
                    "most_pieces",
                    "most_each",
                )
            },
        ),
        (gettext_lazy("Variants"), {"fields": ("lead", "choice")}),
        (gettext_lazy("Texts"), {"fields": ("summary", "description", "instructions", "asked", "meta_title", "meta_description")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return stock_costs.costed(catalogue.stocked(super().get_queryset(request)))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changes = super().get_changelist_instance(request)
        held = sellable.held_back(changes.result_list)
        for row in changes.result_list:
            row.held_back = held.get(row.pk)
        return changes

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "GET" and (found := self.get_object(request, object_id)):
            _warn_of_hidden(request, found)
        answer: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        return answer

    def get_fieldsets(self, request: HttpRequest, obj: Product | None = None) -> Any:
        names = list(self.fieldsets[0][1]["fields"])
        if obj is not None:
            names[2] = "units"
        elif actor_of(request).is_platform:
            names.insert(0, "tenant")
        return ((None, {"fields": names}), *self.fieldsets[1:], *self.tabs(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> tuple[str, ...]:
        # Codes of this denomination are in stock, and orders keep the currency: another one is another product.
        return ("kind", "units", "currency") if obj else ()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Warn of a loss, and of what the shop hides, once everything is saved."""
        super().save_related(request, form, formsets, change)
        _warn_of_hidden(request, form.instance)
        found = stock_costs.costed(Product.objects.filter(pk=form.instance.pk)).get()
        left = stock_costs.margin(found)
        if left is not None and left < 0:
            told = {"loss": money.format_minor(-left, currency=found.currency), "name": found.name}
            text = _("%(name)s is sold at a loss of %(loss)s a piece, by what you paid for your stock on the average.")
            messages.warning(request, text % told)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        for gone in formset.deleted_objects:
            pictures.discard(gone)

    def get_form(self, request: HttpRequest, obj: Product | None = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = ProductForm if obj is None else ProductChangeForm
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            before = self.facts(Product.objects.get(pk=obj.pk))
            obj.save(update_fields=["name", "slug", "price_minor", "is_active", "sort", "description", "instructions", *_OFFER])
            self.record_change(request, "change", obj, before=before)
            return
        actor = actor_of(request)
        made = catalogue.add_product(
            tenant=obj.tenant if actor.is_platform else actor.tenant, name=obj.name, units_micros=obj.units_micros,
            price_minor=obj.price_minor, currency=obj.currency, description=obj.description, instructions=obj.instructions,
            kind=obj.kind, slug=obj.slug,
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

    # As the form's fields of the same names: who may only look has no form.
    @admin.display(description=gettext_lazy("Price"))
    def price(self, product: Product) -> str:
        return written(product)["price"]

    @admin.display(description=gettext_lazy("Struck price"))
    def compare(self, product: Product) -> str:
        return written(product)["compare"]

    @admin.display(description=gettext_lazy("Prices for many"))
    def many(self, product: Product) -> str:
        return written(product)["many"]

    @admin.display(description=gettext_lazy("Asked of the buyer"))
    def asked(self, product: Product) -> str:
        return written(product)["asked"]

    @admin.display(description=gettext_lazy("margin"))
    def margin(self, product: Product) -> SafeString:
        """Write what is left of the lowest price, as far as the stock was bought in its currency."""
        left = stock_costs.margin(product)
        if left is None or not product.units_micros:
            return number("—")
        text = money.format_minor(left, currency=product.currency)
        return badge(text, "danger") if left < 0 else number(text)

    @admin.display(description=gettext_lazy("hidden"))
    def hidden(self, product: Any) -> SafeString:
        """Write in a word why the shop does not show what is on sale; the form says more."""
        if not (product.is_active and product.held_back):
            return number("—")
        dear = product.held_back == sellable.Reason.CEILING
        return badge(_("above the ceiling") if dear else _("no way to pay"), "danger")

    @admin.display(description=gettext_lazy("in stock"), ordering="stock")
    def in_stock(self, product: Product) -> SafeString:
        count: int = product.stock  # type: ignore[attr-defined]  # annotated above
        return number("∞" if count >= catalogue.ANY_NUMBER else f"{count:,}")


def _warn_of_hidden(request: HttpRequest, product: Product) -> None:
    reason = sellable.held_back([product]).get(product.pk) if product.is_active else None
    if reason is not None:
        text = _("The shop hides %(name)s: %(reason)s.")
        messages.warning(request, text % {"name": product.name, "reason": reason.label})
