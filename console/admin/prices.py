"""Prices in the back office: typing one ends the current rule and begins a new version; nothing is edited."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_scope import actor_of
from accounts.models import Tenant
from billing import price_book, price_lists
from billing.models.prices import PriceRule
from billing.money import MICROS, format_usd
from billing.pricing import BUCKETS
from console.admin import pages, price_imports, tenant_choice
from console.admin.base import DeskAdmin, TenantColumn
from console.admin.fields import TiersField, UnitsField, UsdField
from console.admin.figures import mono, usd

MAIN = ("input", "output", "cache_read", "per_call")
OTHERS = tuple(name for name in BUCKETS if name not in MAIN)
PRICES = (*MAIN, *OTHERS)


class PriceForm(pages.DeskForm):
    """What a model costs from now on."""

    model = forms.CharField(
        label=gettext_lazy("Model"), max_length=120, help_text=gettext_lazy("A name or a pattern such as gpt-4o-mini or claude-*.")
    )
    tenant = forms.ModelChoiceField(queryset=Tenant.objects.none(), label=gettext_lazy("Tenant"), empty_label=None)
    mode = forms.ChoiceField(
        label=gettext_lazy("Mode"),
        choices=PriceRule.Mode.choices,
        initial=PriceRule.Mode.PRICE,
        required=False,
        help_text=gettext_lazy("For shops. With an amount, the prices below come on top of the wholesale price."),
    )
    percent = forms.DecimalField(
        label=gettext_lazy("Mark-up in %"),
        required=False,
        min_value=0,
        max_value=9900,
        decimal_places=4,
        help_text=gettext_lazy("Of the mode with a percentage; then leave the prices empty."),
    )
    priced_as = forms.CharField(
        label=gettext_lazy("Priced as"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("Another model whose price counts; then leave the prices empty."),
    )
    hold_ceiling = forms.IntegerField(label=gettext_lazy("Tokens reserved at first"), required=False, min_value=1)
    units = UnitsField(
        label=gettext_lazy("Other units"),
        required=False,
        help_text=gettext_lazy(
            "One a line, dollars each: image:1024x1024:hd=0.08, tool:web_search=0.01, seconds=0.0001; characters by the million."
        ),
    )
    tiers = TiersField(
        label=gettext_lazy("Long contexts"),
        required=False,
        help_text=gettext_lazy("One a line, above how many tokens other prices count: 200000:input=6,output=22.5"),
    )
    begins = forms.DateTimeField(
        label=gettext_lazy("Counts from"),
        required=False,
        widget=forms.DateTimeInput(attrs={"placeholder": "2026-12-01 00:00"}),
        help_text=gettext_lazy("Leave empty for now. What was planned for later is given up."),
    )
    is_trial = forms.BooleanField(label=gettext_lazy("Only show what would change"), required=False)
    is_confirmed = forms.BooleanField(label=gettext_lazy("Yes, ten times as dear or as cheap is meant"), required=False)
    field_order: Sequence[str] = (
        "model",
        "tenant",
        "mode",
        "percent",
        *PRICES,
        "units",
        "tiers",
        "priced_as",
        "hold_ceiling",
        "begins",
        "is_trial",
        "is_confirmed",
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update({name: _price_field(name) for name in PRICES})
        self.order_fields(self.field_order)
        # The box is there only after a price has jumped.
        self._confirmation = self.fields["is_confirmed"]
        if "is_confirmed" not in self.data:
            del self.fields["is_confirmed"]
        tenant_choice.offer(self, request)

    def save(self, request: HttpRequest) -> PriceRule | None:
        """Set the price; a refusal becomes an error of the form and None is returned."""
        values = dict(self.cleaned_data)
        actor = actor_of(request)
        tenant = values.pop("tenant", None) or actor.tenant
        percent, is_trial = values.pop("percent"), values.pop("is_trial")
        values["mode"] = values["mode"] or PriceRule.Mode.PRICE
        values["factor"] = MICROS + int((percent or 0) * (MICROS // 100))
        try:
            if is_trial:
                self._try(tenant, values)
                return None
            return price_book.set_price(tenant=tenant, actor=actor.user, **values)
        except price_book.NeedsConfirming as error:
            self.fields["is_confirmed"] = self._confirmation
            self.add_error("is_confirmed", str(error))
            return None
        except price_book.BadPrice as error:
            self.add_error(None, str(error))
            return None

    def _try(self, tenant: Tenant, values: dict[str, Any]) -> None:
        """Say in the form what the price would change, and set nothing. Raises what setting it would."""
        model, begins = values.pop("model"), values.pop("begins")
        values.pop("is_confirmed", None)
        before, after = price_book.rehearse(model=model, tenant=tenant, begins=begins, **values)
        costs = [_("nothing is sold") if micros is None else format_usd(micros) for micros in (before, after)]
        text = _("Nothing was set. A call of 1,000 tokens in and 1,000 out would cost %(after)s (now %(before)s).")
        self.add_error(None, text % {"before": costs[0], "after": costs[1]})

    def told(self, request: HttpRequest) -> str:
        """Return what an ordinary call costs at the price that was just set."""
        tenant = self.cleaned_data.get("tenant") or actor_of(request).tenant
        found = price_lists.load(tenant.pk, at=self.cleaned_data["begins"]).resolve(self.cleaned_data["model"])
        charged = found.charge(input=1_000, output=1_000).price_micros if found is not None else 0
        return _("A call of 1,000 tokens in and 1,000 out costs %s.") % format_usd(charged)


class CurrentFilter(admin.SimpleListFilter):
    """Shows what counts now or is planned, unless the past is asked for."""

    title = gettext_lazy("version")
    parameter_name = "version"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("all", gettext_lazy("all versions"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield {**first, "display": gettext_lazy("current")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.value() == "all" else queryset.filter(Q(valid_to=None) | Q(valid_to__gt=timezone.now()))


class PriceRuleAdmin(TenantColumn, DeskAdmin[PriceRule]):
    """Rules by model pattern, newest version first."""

    list_display = ("pattern_shown", "mode_shown", *(f"{name}_usd" for name in MAIN), "priced_as", "valid_from", "valid_to")
    list_filter = (CurrentFilter,)
    list_select_related = ("book__tenant",)
    search_fields = ("pattern", "source")
    ordering = ("pattern", "-valid_from")
    fields = (
        "pattern_shown",
        "tenant",
        "mode_shown",
        *(f"{name}_usd" for name in PRICES),
        "units",
        "tiers",
        "priced_as",
        "hold_ceiling",
        "source",
        "valid_from",
        "valid_to",
    )
    readonly_fields = fields
    actions_list = ("import_prices",)

    @pages.list_act(description=gettext_lazy("Import prices"), icon="upload_file")
    def import_prices(self, request: HttpRequest) -> HttpResponse:
        """Take prices over from a file of another system, after a look at the draft."""
        return price_imports.run(self, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = PriceForm(request.POST or None, request=request, initial=self._initial(request))
        if form.is_valid() and (rule := form.save(request)):
            done = _("%s has its new price; calls from now on pay it.") % rule.pattern
            if form.cleaned_data["begins"]:
                begins = f"{timezone.localtime(rule.valid_from):%Y-%m-%d %H:%M}"
                done = _("%(model)s has its new price from %(begins)s on.") % {"model": rule.pattern, "begins": begins}
            messages.success(request, f"{done} {form.told(request)}")
            return redirect(pages.list_url(self))
        explanation = _("US dollars per million tokens; per call: US dollars. Calls that run keep the price they began with.")
        ceiling = price_lists.ceiling(actor_of(request).tenant.pk)
        if ceiling is not None:
            explanation += " " + _("The platform allows at most %(times)s times the wholesale price.") % {"times": f"{ceiling / MICROS:g}"}
        return pages.ask(request, self, title=_("Set a price"), submit=_("Set price"), form=form, explanation=explanation)

    def _initial(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the values of an own rule named in the address."""
        number = request.GET.get("rule", "")
        rule = self.get_queryset(request).filter(pk=number).first() if number.isdecimal() and len(number) < 19 else None
        if rule is None:
            return {}
        copied = {name: getattr(rule, name) for name in (*PRICES, "mode", "units", "tiers", "priced_as", "hold_ceiling")}
        copied["percent"] = Decimal(rule.factor - MICROS) * 100 / MICROS if rule.mode == PriceRule.Mode.PERCENT else None
        return {"model": rule.pattern, "tenant": rule.book.tenant_id, **copied}

    @admin.display(description=gettext_lazy("model"), ordering="pattern")
    def pattern_shown(self, rule: PriceRule) -> SafeString:
        return mono(rule.pattern)

    @admin.display(description=gettext_lazy("mode"), ordering="mode")
    def mode_shown(self, rule: PriceRule) -> str:
        is_percent = rule.mode == PriceRule.Mode.PERCENT
        return f"+{Decimal(rule.factor - MICROS) * 100 / MICROS:f} %" if is_percent else str(PriceRule.Mode(rule.mode).label)

    @admin.display(description=gettext_lazy("tenant"), ordering="book__tenant__name")
    def tenant(self, rule: PriceRule) -> str:
        return str(rule.book.tenant)


def _price_field(name: str) -> UsdField:
    return UsdField(label=capfirst(_title(name)), required=False)


def _title(name: str) -> Any:
    field: Any = PriceRule._meta.get_field(name)
    return field.verbose_name


def _column(name: str) -> Any:
    @admin.display(description=_title(name), ordering=name)
    def column(self: PriceRuleAdmin, rule: PriceRule) -> SafeString:
        return usd(getattr(rule, name))

    return column


for _name in PRICES:
    setattr(PriceRuleAdmin, f"{_name}_usd", _column(_name))
