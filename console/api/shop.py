"""The caller's shop in the API: brand, announcement and manners, legal pages with their versions."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import legal
from accounts.models import LegalPage, Tenant
from console.api import texts
from console.api.base import CHANGERS, STAFF
from console.api.errors import Refused
from console.api.fields import Prose, Words
from console.api.filters import Choice, Text
from console.api.rows import Deletable, EditableRows, ForShop, documented

LANGUAGES = list(settings.LANGUAGES)


class ShopForm(serializers.Serializer[Any]):
    """What a shop says of itself, and how it behaves."""

    name = Words(max_length=80, required=False)
    colour = serializers.RegexField(r"^#[0-9a-fA-F]{6}$", required=False)
    logo_url = serializers.RegexField(r"^(https?://[!-~]+)?$", max_length=300, allow_blank=True, required=False)
    announcement = Prose(max_length=20_000, required=False)
    footer = Prose(max_length=300, required=False)
    contact = Prose(max_length=200, required=False)
    faq = Prose(
        max_length=20_000, required=False, help_text="Markdown: each heading is a question. Empty: what is true of every shop is told."
    )
    reply_to = serializers.EmailField(max_length=254, allow_blank=True, required=False)
    sign_up = serializers.ChoiceField(choices=Tenant.SignUp.choices, required=False)
    sign_up_domains = serializers.ListField(child=serializers.RegexField(r"^[a-z0-9.-]+$", max_length=253), required=False, max_length=100)
    language = serializers.ChoiceField(choices=LANGUAGES, required=False)
    languages = serializers.ListField(child=serializers.ChoiceField(choices=LANGUAGES), required=False, max_length=20)
    zone = serializers.RegexField(r"^[A-Za-z0-9_+/-]+$", max_length=40, required=False)
    quota_unit = serializers.ChoiceField(
        choices=Tenant.QuotaUnit.choices, required=False, help_text="How customers see quota; the API and the books count µ$."
    )
    captcha = serializers.ChoiceField(choices=Tenant.Captcha.choices, required=False)
    facade = serializers.ChoiceField(
        choices=Tenant.Facade.choices, allow_blank=True, required=False, help_text="Whose balance widgets and key tools are answered."
    )
    address_days = serializers.IntegerField(
        min_value=1,
        max_value=32_767,
        allow_null=True,
        required=False,
        help_text="Days that network addresses are kept; null: the platform's.",
    )
    translations = texts.translations("Shop", Tenant.translatable)


class ShopShown(serializers.Serializer[Any]):
    """The shop as it stands."""

    id = serializers.IntegerField(source="pk")
    slug = serializers.CharField()
    state = serializers.ChoiceField(choices=Tenant.State.choices)
    name = serializers.CharField()
    colour = serializers.CharField()
    logo_url = serializers.CharField()
    announcement = serializers.CharField()
    footer = serializers.CharField()
    contact = serializers.CharField()
    faq = serializers.CharField()
    reply_to = serializers.CharField()
    sign_up = serializers.ChoiceField(choices=Tenant.SignUp.choices)
    sign_up_domains = serializers.ListField(child=serializers.CharField())
    language = serializers.CharField()
    languages = serializers.ListField(child=serializers.CharField())
    zone = serializers.CharField()
    currency = serializers.CharField()
    quota_unit = serializers.ChoiceField(choices=Tenant.QuotaUnit.choices)
    captcha = serializers.ChoiceField(choices=Tenant.Captcha.choices)
    facade = serializers.ChoiceField(choices=Tenant.Facade.choices, allow_blank=True)
    address_days = serializers.IntegerField(allow_null=True)
    translations = texts.translations("Shop", Tenant.translatable)


class ShopView(EditableRows):
    """The one shop whose token this is."""

    model = Tenant
    subject = "shop"
    read_roles, write_roles = STAFF, CHANGERS
    serializer_class = ShopShown
    form = form_new = ShopForm

    def get_object(self) -> Any:
        return Tenant.objects.get(pk=self.actor.tenant.pk)

    @extend_schema(operation_id="shop", responses=ShopShown)
    def retrieve(self, request: Request, pk: Any = None) -> Response:
        return super().retrieve(request, pk)

    @extend_schema(operation_id="shop_change", request=ShopForm, responses=ShopShown)
    def partial_update(self, request: Request, pk: Any = None) -> Response:
        return super().partial_update(request, pk)

    def put(self, row: Any, values: dict[str, Any]) -> None:
        super().put(row, tidied(values))


def tidied(values: dict[str, Any]) -> dict[str, Any]:
    """Return a shop's typed settings as they are kept; raise Refused."""
    if values.get("zone", "UTC") not in zoneinfo.available_timezones():
        raise Refused(_("There is no such time zone: write one such as Asia/Shanghai."), field="zone")
    return values | {"colour": values["colour"].lower()} if "colour" in values else values


class LegalForm(serializers.Serializer[Any]):
    """A page that people are held to; another text is another version."""

    kind = serializers.ChoiceField(choices=LegalPage.Kind.choices)
    language = serializers.ChoiceField(
        choices=LANGUAGES, allow_blank=True, required=False, help_text="Empty: every language without its own."
    )
    text = Words(max_length=200_000)


class LegalNew(ForShop, LegalForm):
    """A new page."""


class LegalShown(serializers.Serializer[Any]):
    """A page and its version."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    kind = serializers.ChoiceField(choices=LegalPage.Kind.choices)
    language = serializers.CharField()
    text = serializers.CharField()
    version = serializers.IntegerField()
    changed_at = serializers.DateTimeField()


@documented("legal_pages")
class LegalView(EditableRows, Deletable):
    """Legal pages."""

    model = LegalPage
    subject = "shop"
    related = ("tenant",)
    serializer_class = LegalShown
    form, form_new = LegalForm, LegalNew
    filters = (Choice("kind", LegalPage.Kind.values), Text("language"))

    def put(self, row: Any, values: dict[str, Any]) -> None:
        is_new_text = row.pk is not None and values.get("text", row.text) != row.text
        super().put(row, values)
        if is_new_text:
            legal.renew(row)
