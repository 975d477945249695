"""Which versions of the legal pages customers accepted, in the API, and what the caller has still to accept."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import legal
from accounts.models import Acceptance, LegalPage
from console.api.base import ApiView
from console.api.errors import Refused
from console.api.fields import Id
from console.api.filters import Choice, Number
from console.api.rows import RowsView, documented


class AcceptanceShown(serializers.Serializer[Any]):
    """A version that a customer accepted, and when."""

    id = serializers.IntegerField(source="pk")
    customer = serializers.IntegerField(source="membership_id")
    kind = serializers.ChoiceField(choices=LegalPage.Kind.choices)
    language = serializers.CharField()
    version = serializers.IntegerField()
    accepted_at = serializers.DateTimeField()


class Unaccepted(serializers.Serializer[Any]):
    """A page as it stands, of which the caller accepted no version."""

    page = serializers.IntegerField(source="pk")
    kind = serializers.ChoiceField(choices=LegalPage.Kind.choices)
    language = serializers.CharField()
    version = serializers.IntegerField()
    text = serializers.CharField()


class Seen(serializers.Serializer[Any]):
    """A page that was read, in this version."""

    page = Id()
    version = serializers.IntegerField(min_value=1, max_value=2_147_483_647)


class Accepted(serializers.Serializer[Any]):
    """The pages that were listed: all of them, as they were read."""

    seen = serializers.ListField(child=Seen(), max_length=10)


@documented("acceptances")
class AcceptancesView(RowsView):
    """Acceptances."""

    model = Acceptance
    subject = "customers"
    serializer_class = AcceptanceShown
    filters = (Number("customer", "membership_id"), Choice("kind", LegalPage.Kind.values))


class TermsView(ApiView):
    """The terms of the caller's shop."""

    subject = "account"
    serializer_class = Unaccepted
    pagination_class = None

    @extend_schema(operation_id="me_terms", responses=Unaccepted(many=True))
    def retrieve(self, request: Request) -> Response:
        return Response(Unaccepted(self._unaccepted(), many=True).data)

    @extend_schema(operation_id="me_terms_accept", request=Accepted, responses=Unaccepted(many=True))
    def accept(self, request: Request) -> Response:
        read = [(one["page"], one["version"]) for one in self.read(Accepted)["seen"]]
        if read != [(page.pk, page.version) for page in self._unaccepted()]:
            raise Refused(_("These are not the pages that stand to be accepted: read them again."), field="seen")
        legal.accept(membership=self.member, language=get_language() or "")
        return self.retrieve(request)

    def _unaccepted(self) -> list[LegalPage]:
        return legal.unaccepted(membership=self.member, language=get_language() or "")
