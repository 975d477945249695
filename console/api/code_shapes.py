"""Codes as the API reads and writes them: what is minted, offered, imported, and what batches and codes show."""

from __future__ import annotations

from functools import partial
from typing import Any

from rest_framework import serializers

from billing import codes, desk, promos
from console.api.fields import Above0, Id, Prose, Words
from console.api.rows import ForShop

STATES = desk.choices("code", "state")
Days = partial(
    serializers.IntegerField, min_value=1, max_value=36_500, required=False, allow_null=True, help_text="How long the credit lasts."
)


class Mint(ForShop):
    """What to mint: for a product, which says the denomination, or `units_micros` each for sale elsewhere."""

    product = Id(required=False)
    units_micros = Above0(required=False, help_text="Only without a product.")
    count = serializers.IntegerField(min_value=1, max_value=codes.MOST_PER_BATCH)
    redeem_by = serializers.DateTimeField(required=False, allow_null=True)
    valid_days = Days()
    note = Prose(max_length=200, required=False)


class Promo(ForShop):
    """A text that many customers redeem, each once; the quota of all uses is set aside at once."""

    text = serializers.RegexField(r"^[A-Za-z0-9][A-Za-z0-9-]*$", min_length=promos.SHORTEST, max_length=promos.LONGEST)
    units_micros = Above0(help_text="Of each use.")
    uses = serializers.IntegerField(min_value=1, max_value=codes.MOST_PER_BATCH)
    new_only = serializers.BooleanField(default=False, help_text="For those alone who neither redeemed nor bought anything before.")
    redeem_from = serializers.DateTimeField(required=False, allow_null=True)
    redeem_by = serializers.DateTimeField(required=False, allow_null=True)
    valid_days = Days()
    note = Prose(max_length=200, required=False)


class CodeImport(ForShop):
    """Codes that another system has issued and that stay good here; those that are known already are left out."""

    codes = serializers.ListField(child=Words(max_length=1_000), min_length=1, max_length=codes.MOST_PER_BATCH)
    units_micros = Above0(help_text="Of each code.")
    redeem_by = serializers.DateTimeField(required=False, allow_null=True)
    valid_days = Days()
    note = Prose(max_length=200, required=False)


class BatchShown(serializers.Serializer[Any]):
    """Codes minted together, how many of them are made (large batches grow in a worker), and how many are in which state."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    product = serializers.IntegerField(source="product_id", allow_null=True)
    units_micros = serializers.IntegerField()
    count = serializers.IntegerField()
    made = serializers.SerializerMethodField()
    states = serializers.SerializerMethodField()
    is_offline = serializers.BooleanField()
    is_imported = serializers.BooleanField()
    promo_code = serializers.CharField(source="shared_text", help_text="What customers type for any of them; empty for single codes.")
    new_only = serializers.BooleanField(help_text="For those alone who neither redeemed nor bought anything before.")
    redeem_from = serializers.DateTimeField(allow_null=True)
    redeem_by = serializers.DateTimeField(allow_null=True)
    valid_days = serializers.IntegerField(allow_null=True)
    note = serializers.CharField()
    by = serializers.CharField(source="actor.email", allow_null=True, default=None)
    created_at = serializers.DateTimeField()

    def get_made(self, batch: Any) -> int:
        return int(batch.count - batch.unminted)

    def get_states(self, batch: Any) -> dict[str, int]:
        return {state: getattr(batch, f"{state}_count") for state, _ in STATES}


class BatchMinted(BatchShown):
    """A new batch; `codes` are plain and shown this once for up to 200, larger batches are exported once they are made."""

    codes = serializers.SerializerMethodField()

    def get_codes(self, batch: Any) -> list[str]:
        return list(self.context["codes"])


class BatchImported(serializers.Serializer[Any]):
    """What came of an import; the batch is null when nothing was new."""

    batch = BatchShown(allow_null=True)
    known = serializers.IntegerField()


class Export(serializers.Serializer[Any]):
    """Which codes leave: those not sold yet, or all."""

    which = serializers.ChoiceField(choices=["available", "all"], default="available")


class PlainCode(serializers.Serializer[Any]):
    """One code as good as money."""

    serial = serializers.IntegerField()
    code = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)


class Exported(serializers.Serializer[Any]):
    """What left; who exported it, and when, is in the trail."""

    codes = PlainCode(many=True)


class CodeShown(serializers.Serializer[Any]):
    """A code by its last four."""

    id = serializers.IntegerField(source="pk")
    batch = serializers.IntegerField(source="batch_id")
    serial = serializers.IntegerField()
    last4 = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    order = serializers.CharField(source="order.number", allow_null=True, default=None)
    redeemed_by = serializers.IntegerField(source="redeemed_by_id", allow_null=True)
    redeemed_at = serializers.DateTimeField(allow_null=True)
