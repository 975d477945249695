"""Referrals in the API: what a shop gives to who brings customers, whom they brought, what was given, and one's own link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import referrals
from accounts.models import Referral
from billing import desk, self_referrals
from billing import referrals as program
from console.admin import purchases
from console.api.base import ApiView
from console.api.errors import Refused
from console.api.fields import Above0, Amount, Count
from console.api.filters import Choice, Number, Text
from console.api.rows import DeskRows, ForShop, RowsView, TableRows, documented

PAID_IN = desk.choices("referral_program", "paid_in")
MOST_BROUGHT = 100


def _share() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=10_000, allow_null=True, required=False, help_text="1250 is 12.5 %.")


class ProgramForm(serializers.Serializer[Any]):
    """A side's reward is fixed, or a share of the first purchase; amounts in minor units, or in µ$ where quota is given."""

    is_active = serializers.BooleanField(required=False)
    paid_in = serializers.ChoiceField(choices=PAID_IN)
    referrer_fixed, referred_fixed = (Above0(allow_null=True, required=False) for _ in range(2))
    referrer_percent, referred_percent = _share(), _share()
    cap = Above0(allow_null=True, required=False, help_text="One reward at most.")
    least_minor = Amount(required=False, help_text="The smallest purchase that counts, in the shop's currency.")
    most_rewards = Count(allow_null=True, required=False, help_text="For one customer.")
    wait_days = serializers.IntegerField(min_value=0, max_value=32_767, required=False)


class ProgramNew(ForShop, ProgramForm):
    """The program of a shop: each has one."""


class ProgramShown(serializers.Serializer[Any]):
    """A program."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    is_active = serializers.BooleanField()
    paid_in = serializers.ChoiceField(choices=PAID_IN)
    referrer_fixed, referrer_percent = (serializers.IntegerField(allow_null=True) for _ in range(2))
    referred_fixed, referred_percent = (serializers.IntegerField(allow_null=True) for _ in range(2))
    cap = serializers.IntegerField(allow_null=True)
    least_minor = serializers.IntegerField()
    most_rewards = serializers.IntegerField(allow_null=True)
    wait_days = serializers.IntegerField()


class ReferralShown(serializers.Serializer[Any]):
    """Who brought whom; `settled_at` is when the first purchase was looked at.

    With a `doubt` of `mailbox` or `place` both may be one person: the reward waits until the shop has allowed or refused it.
    """

    id = serializers.IntegerField(source="pk")
    referrer = serializers.IntegerField(source="referrer_id")
    referred = serializers.IntegerField(source="referred_id")
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)
    doubt = serializers.ChoiceField(choices=Referral.Doubt.choices, allow_blank=True)


class RewardShown(serializers.Serializer[Any]):
    """What a side got: minor units of `currency`, or µ$ of quota."""

    id = serializers.IntegerField(source="pk")
    referral = serializers.IntegerField(source="referral_id")
    customer = serializers.IntegerField(source="member_id")
    order = serializers.IntegerField(source="order_id")
    paid_in = serializers.ChoiceField(choices=PAID_IN)
    currency = serializers.CharField()
    amount = serializers.IntegerField()
    taken_back = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    reversed_at = serializers.DateTimeField(allow_null=True)


class Brought(serializers.Serializer[Any]):
    """Somebody who came by the link, as much of the name as others may read."""

    referral = serializers.IntegerField(source="pk")
    name = serializers.SerializerMethodField()
    at = serializers.DateTimeField(source="created_at")
    settled_at = serializers.DateTimeField(allow_null=True)

    def get_name(self, row: Referral) -> str:
        return referrals.masked(row.referred.user)


class OwnReferrals(serializers.Serializer[Any]):
    """One's link (empty where the shop rewards nobody), its terms, whom it brought, and what was given for them."""

    link = serializers.CharField()
    terms = serializers.ListField(child=serializers.CharField())
    brought = Brought(many=True)
    rewards = RewardShown(many=True)


@documented("referral_programs")
class ProgramsView(DeskRows):
    """Referral programs."""

    subject = "prices"
    table = "referral_program"
    related = ("tenant",)
    serializer_class = ProgramShown
    form, form_new = ProgramForm, ProgramNew

    def put(self, row: Any, values: dict[str, Any]) -> None:
        for side in ("referrer", "referred"):
            ways = [f"{side}_fixed", f"{side}_percent"]
            chosen = [name for name in ways if values.get(name) is not None]
            if len(chosen) > 1:
                raise Refused(_("A reward is fixed or a share: set the other one to null."), field=ways[1])
            # Who sets one of the two means it in place of the other.
            values |= dict.fromkeys(ways) | {chosen[0]: values[chosen[0]]} if chosen else {}
        super().put(row, values)


@documented("referrals")
class ReferralsView(RowsView):
    """Who brought whom."""

    model = Referral
    subject = "customers"
    serializer_class = ReferralShown
    filters = (
        Number("referrer", "referrer_id"), Number("referred", "referred_id"),
        Choice("doubt", [doubt for doubt in Referral.Doubt.values if doubt]),
    )  # fmt: skip

    @extend_schema(operation_id="referrals_allow", request=None, responses=ReferralShown)
    @action(detail=True, methods=["post"])
    def allow(self, request: Request, pk: int) -> Response:
        return self._decide("allow", self_referrals.allow)

    @extend_schema(operation_id="referrals_refuse", request=None, responses=ReferralShown)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: int) -> Response:
        return self._decide("refuse", self_referrals.refuse)

    def _decide(self, verb: str, act: Callable[..., None]) -> Response:
        row = self.get_object()
        before = self.facts(row)
        try:
            act(referral=row)
        except self_referrals.WrongStep as error:
            raise Refused(str(error)) from None
        self.record_change(row, before=before, verb=verb)
        return Response(self.tell(row))


@documented("referral_rewards")
class RewardsView(TableRows):
    """What was given."""

    subject = "customers"
    table = "referral_reward"
    serializer_class = RewardShown
    filters = (Number("customer", "member_id"), Text("order", "order__number"), Choice("paid_in", [kind for kind, _ in PAID_IN]))


class OwnReferralsView(ApiView):
    """The caller's own referrals."""

    subject = "account"
    serializer_class = OwnReferrals
    pagination_class = None

    @extend_schema(operation_id="me_referrals", responses=OwnReferrals)
    def retrieve(self, request: Request) -> Response:
        member, settings = self.member, program.program(self.member.tenant)
        link = ""
        if settings is not None:
            link = f"{purchases.site_of(request._request, member.tenant)}/r/{referrals.code_of(member)}/"
        brought = Referral.objects.filter(referrer=member).select_related("referred__user").order_by("-pk")[:MOST_BROUGHT]
        rewards = desk.rows("referral_reward").filter(member=member)[:MOST_BROUGHT]
        told = {"link": link, "terms": program.terms(settings) if settings else [], "brought": brought, "rewards": rewards}
        return Response(OwnReferrals(told).data)
