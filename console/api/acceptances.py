"""Which versions of the legal pages customers accepted, in the API."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.models import Acceptance, LegalPage
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


@documented("acceptances")
class AcceptancesView(RowsView):
    """Acceptances."""

    subject = "customers"
    serializer_class = AcceptanceShown
    filters = (Number("customer", "membership_id"), Choice("kind", LegalPage.Kind.values))

    def rows(self) -> QuerySet[Any]:
        return Acceptance.objects.all()
