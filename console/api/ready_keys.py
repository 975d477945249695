"""Ready keys that were sold, in the API: to be looked at; their secrets are on the order's page alone."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from console.api.filters import Number, Text
from console.api.rows import TableRows, documented


class ReadyKeyShown(serializers.Serializer[Any]):
    """A sold sub-key with a wallet of its own, until a customer claims both."""

    id = serializers.IntegerField(source="pk")
    code = serializers.IntegerField(source="code_id")
    order = serializers.CharField(source="code.order.number", allow_null=True, default=None)
    key = serializers.IntegerField(source="key_id")
    prefix = serializers.CharField(source="key.masked")
    state = serializers.CharField(source="key.state")
    wallet = serializers.IntegerField(source="membership_id")
    claimed_by = serializers.IntegerField(source="claimed_by_id", allow_null=True)
    claimed_at = serializers.DateTimeField(allow_null=True)


@documented("ready_keys")
class ReadyKeysView(TableRows):
    """Ready keys."""

    subject = "codes"
    table = "ready_key"
    related = ("code__order", "key", "membership__tenant")
    serializer_class = ReadyKeyShown
    filters = (Text("order", "code__order__number"), Number("claimed_by", "claimed_by_id"), Number("key", "key_id"))
