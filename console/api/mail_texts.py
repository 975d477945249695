"""A shop's own texts of its mails in the API: looked at with examples in place of the names, set, tried, given up again."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.forms import ModelForm
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import mail_texts
from accounts.mail_kinds import MAILS
from accounts.models import MailText
from billing import mail_samples
from console.admin.mail_texts import MailTextForm
from console.api.errors import Refused
from console.api.fields import Prose
from console.api.filters import Choice
from console.api.rows import ForShop, documented
from console.api.services import FormRows

LANGUAGES = [code for code, _ in settings.LANGUAGES]


class TextForm(serializers.Serializer[Any]):
    """The words, with names in double braces; an empty part is the built-in one."""

    subject = Prose(max_length=200, required=False)
    body = Prose(max_length=20_000, required=False)


class TextNew(ForShop, TextForm):
    """The words of a mail in a language, both for ever."""

    template = serializers.ChoiceField(choices=list(MAILS))
    language = serializers.ChoiceField(choices=LANGUAGES)


class TextShown(serializers.Serializer[Any]):
    """An own text; `problem` says why the built-in one was sent in its place."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    template = serializers.CharField()
    language = serializers.CharField()
    subject = serializers.CharField()
    body = serializers.CharField()
    problem = serializers.CharField()
    changed_at = serializers.DateTimeField()


class TextPreview(serializers.Serializer[Any]):
    """The mail with examples in place of its names."""

    subject = serializers.CharField()
    body = serializers.CharField()


@documented("mail_texts")
class MailTextsView(FormRows):
    """Texts of mails."""

    model = MailText
    serializer_class = TextShown
    related = ("tenant",)
    form, form_new = TextForm, TextNew
    filters = (Choice("template", list(MAILS)), Choice("language", LANGUAGES))

    def form_of(self, row: Any, data: dict[str, Any]) -> ModelForm[Any]:
        meta = type("Meta", (), {"model": MailText, "fields": ["template", "language", "subject", "body"]})
        whose = {"tenant_of_actor": row.tenant, "is_platform": self.actor.is_platform}
        kind: Any = type("Form", (MailTextForm,), {"Meta": meta, **whose})
        row.problem = ""
        form: ModelForm[Any] = kind(data, instance=row)
        return form

    @extend_schema(operation_id="mail_texts_preview", responses=TextPreview)
    @action(detail=True, methods=["get"], pagination_class=None)
    def preview(self, request: Request, pk: int) -> Response:
        row = self.get_object()
        amounts = mail_samples.of(row.template, tenant=row.tenant, language=row.language)
        subject, body = mail_texts.preview(
            row.template, language=row.language, subject=row.subject, body=row.body, shop=row.tenant.name, amounts=amounts
        )
        return Response({"subject": subject, "body": body})

    @extend_schema(operation_id="mail_texts_test", request=None, responses={202: None})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: int) -> Response:
        row, address = self.get_object(), self.member.user.email
        if not address:
            raise Refused(_("Your account has no e-mail address."))
        mail_texts.send_sample(text=row, to=address, amounts=mail_samples.of(row.template, tenant=row.tenant, language=row.language))
        self.record("test", row, after={"to": address})
        return Response(status=status.HTTP_202_ACCEPTED)
