"""Services of a shop whose secrets go in and never come out, in the API: sign-in with others, its mail server, Cloudflare's check.

What makes sense is said by the forms of the back office, which write these rows there too.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms import ModelForm
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import MailServer, SignInApp, Tenant, Turnstile
from console.admin.mail import MailServerForm, hand_in_test
from console.admin.sign_in_apps import LABELS, SignInAppForm
from console.admin.turnstile import TurnstileForm, try_secret
from console.api.errors import of_model
from console.api.fields import Prose, Words
from console.api.filters import Choice
from console.api.rows import Deletable, EditableRows, ForShop, documented
from foundation import smtp

SERVICES = list(LABELS)


class SignInForm(serializers.Serializer[Any]):
    """What the service calls the app; an empty secret keeps the stored one."""

    name = Words(max_length=40)
    client_id = Words(max_length=191)
    client_secret = Prose(max_length=500, required=False, help_text="Telegram: the bot's token.")
    server_url = Prose(max_length=500, required=False, help_text="The OpenID provider's address.")


class SignInNew(ForShop, SignInForm):
    """A new app; its service stays for ever."""

    provider = serializers.ChoiceField(choices=SERVICES)


class SignInShown(serializers.Serializer[Any]):
    """An app without its secret; `callback` is the path to enter at the service, on the shop's host."""

    id = serializers.IntegerField(source="pk")
    provider = serializers.CharField()
    name = serializers.CharField()
    client_id = serializers.CharField()
    server_url = serializers.SerializerMethodField()
    callback = serializers.SerializerMethodField()

    def get_server_url(self, app: Any) -> str:
        return str(app.settings.get("server_url", ""))

    def get_callback(self, app: Any) -> str:
        path = f"oidc/{app.provider_id}" if app.provider == "openid_connect" else app.provider
        return f"/accounts/{path}/login/callback/"


class MailForm(serializers.Serializer[Any]):
    """By what mails leave; an empty password keeps the stored one, for another server or user it is typed again."""

    sender = serializers.EmailField(max_length=254)
    host = Words(max_length=253)
    port = serializers.IntegerField(min_value=1, max_value=65_535, default=587)
    security = serializers.ChoiceField(choices=MailServer.Security.choices, default=MailServer.Security.STARTTLS.value)
    username = Prose(max_length=254, required=False)
    password = Prose(max_length=500, required=False)
    is_active = serializers.BooleanField(default=True)


class MailNew(ForShop, MailForm):
    """The server of a shop: each has one."""


class MailShown(serializers.Serializer[Any]):
    """A mail server without its password, and its last failure."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    sender = serializers.CharField()
    host = serializers.CharField()
    port = serializers.IntegerField()
    security = serializers.ChoiceField(choices=MailServer.Security.choices)
    username = serializers.CharField()
    has_password = serializers.SerializerMethodField()
    is_active = serializers.BooleanField()
    failure = serializers.CharField()
    failed_at = serializers.DateTimeField(allow_null=True)

    def get_has_password(self, row: Any) -> bool:
        return bool(row.sealed)


class TurnstileRowForm(serializers.Serializer[Any]):
    """The keys of a widget at Cloudflare; an empty secret keeps the stored one."""

    site_key = Words(max_length=100)
    secret = Prose(max_length=500, required=False)
    mode = serializers.ChoiceField(choices=Turnstile.Mode.choices, default=Turnstile.Mode.INSTEAD.value)
    is_active = serializers.BooleanField(default=True)


class TurnstileNew(ForShop, TurnstileRowForm):
    """The check of a shop: each has one."""


class TurnstileShown(serializers.Serializer[Any]):
    """A check without its secret, and its last failure."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    site_key = serializers.CharField()
    mode = serializers.ChoiceField(choices=Turnstile.Mode.choices)
    is_active = serializers.BooleanField()
    failure = serializers.CharField()
    failed_at = serializers.DateTimeField(allow_null=True)


class Tried(serializers.Serializer[Any]):
    """Whether the service works with what it was given, and what it said where not."""

    ok = serializers.BooleanField()
    message = serializers.CharField()


class FormRows(EditableRows, Deletable):
    """Rows that a form of the back office checks and writes."""

    subject = "shop"

    def form_of(self, row: Any, data: dict[str, Any]) -> ModelForm[Any]:
        """Return the form with what is there and what was sent."""
        raise NotImplementedError

    def put(self, row: Any, values: dict[str, Any]) -> None:
        form = self.form_of(row, {**({} if row.pk is None else self.tell(row)), **values})
        if not form.is_valid():
            raise of_model(ValidationError(form.errors.as_data()))
        form.save()

    def facts(self, row: Any) -> dict[str, Any]:
        return {name: value for name, value in self.tell(row).items() if name != "id"} if row.pk else {}


def form_class(base: type[ModelForm[Any]], model: type[Model], *names: str) -> Any:
    """Return a form of the back office with these columns: there its page names them."""
    return type("Form", (base,), {"Meta": type("Meta", (), {"model": model, "fields": names})})


@documented("sign_in_apps")
class SignInAppsView(FormRows):
    """Sign-in with other services."""

    model = SignInApp
    serializer_class = SignInShown
    form, form_new = SignInForm, SignInNew
    filters = (Choice("provider", SERVICES),)

    def new(self, tenant: Tenant) -> Any:
        return SignInApp(settings={"tenant": tenant.pk})

    def form_of(self, row: Any, data: dict[str, Any]) -> ModelForm[Any]:
        kind: Any = type("Form", (SignInAppForm,), {"tenant_of_actor": self.actor.tenant})
        form: ModelForm[Any] = kind(data, instance=row)
        return form


@documented("mail_servers")
class MailServersView(FormRows):
    """Mail servers."""

    model = MailServer
    serializer_class = MailShown
    related = ("tenant",)
    form, form_new = MailForm, MailNew
    asking = frozenset({"test"})

    def form_of(self, row: Any, data: dict[str, Any]) -> ModelForm[Any]:
        kind = form_class(MailServerForm, MailServer, "sender", "host", "port", "security", "username", "is_active")
        form: ModelForm[Any] = kind(data, instance=row)
        return form

    @extend_schema(operation_id="mail_servers_test", request=None, responses=Tried)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: int) -> Response:
        row = self.get_object()
        try:
            hand_in_test(row, to=self.member.user.email or row.sender)
        except smtp.FAILURES as error:
            return Response({"ok": False, "message": smtp.reason(error)})
        return Response({"ok": True, "message": ""})


@documented("turnstiles")
class TurnstilesView(FormRows):
    """Where Cloudflare asks whether somebody is human."""

    model = Turnstile
    serializer_class = TurnstileShown
    related = ("tenant",)
    form, form_new = TurnstileRowForm, TurnstileNew
    asking = frozenset({"test"})

    def form_of(self, row: Any, data: dict[str, Any]) -> ModelForm[Any]:
        form: ModelForm[Any] = form_class(TurnstileForm, Turnstile, "site_key", "mode", "is_active")(data, instance=row)
        return form

    @extend_schema(operation_id="turnstiles_test", request=None, responses=Tried)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: int) -> Response:
        problem = try_secret(self.get_object())
        return Response({"ok": not problem, "message": problem})
