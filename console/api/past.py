"""What another system's log said before the move, in the API: for customers their own lines, for staff their shop's."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import PastEntry
from console.api.filters import Choice, Number, Text
from console.api.rows import RowsView, documented


class PastShown(serializers.Serializer[Any]):
    """A line of that log."""

    id = serializers.UUIDField()
    at = serializers.DateTimeField(source="created_at")
    customer = serializers.IntegerField(source="membership_id")
    kind = serializers.ChoiceField(choices=PastEntry.Kind.choices)
    model = serializers.CharField()
    key_name = serializers.CharField()
    amount_micros = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    total_ms = serializers.IntegerField()
    text = serializers.CharField()


@documented("past_entries")
class PastView(RowsView):
    """Lines from before the move."""

    model = PastEntry
    subject = "usage"
    read_roles = None
    serializer_class = PastShown
    lookup_value_converter = "uuid"
    filters = (Number("customer", "membership_id"), Choice("kind", PastEntry.Kind.values), Text("model"))
