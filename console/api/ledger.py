"""The ledger in the API, to be read: accounts, journals with their transfers; for the platform, the audits of it all."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from billing import desk, ledger
from console.admin.ledger import touching
from console.admin.reconciliation import AUDIT_WAITS_SECONDS
from console.api.base import CHANGERS
from console.api.errors import Refused
from console.api.filters import Choice, Flag, Number, Text
from console.api.rows import TableRows, documented
from foundation import queue
from gateway import tasks

KINDS = desk.choices("ledger", "kind")


class LedgerAccountShown(serializers.Serializer[Any]):
    """An account; amounts are µ$ in the ledger Q, else minor units. A hot account's balance is summed up when it is read alone."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    kind = serializers.ChoiceField(choices=KINDS)
    ledger = serializers.CharField()
    owner = serializers.IntegerField(help_text="A membership or a code batch; 0 = the shop itself.")
    balance = serializers.SerializerMethodField()
    held = serializers.IntegerField()
    expires_at = serializers.DateTimeField(allow_null=True)
    frozen = serializers.BooleanField()

    def get_balance(self, account: Any) -> int | None:
        if account.mode == "eager":
            return int(account.balance)
        return ledger.balance_of(account) if self.context.get("is_alone") else None


class TransferShown(serializers.Serializer[Any]):
    """An amount that went from one account to another."""

    id = serializers.IntegerField(source="pk")
    journal = serializers.IntegerField(source="journal_id")
    source = serializers.IntegerField(source="src_id")  # type: ignore[assignment]  # its name on the wire
    source_kind = serializers.CharField(source="src.kind")
    target = serializers.IntegerField(source="dst_id")
    target_kind = serializers.CharField(source="dst.kind")
    amount = serializers.IntegerField()


class JournalShown(serializers.Serializer[Any]):
    """One event that moved money, once."""

    id = serializers.IntegerField(source="pk")
    at = serializers.DateTimeField(source="created_at")
    shop = serializers.CharField(source="tenant.slug", allow_null=True, default=None)
    kind = serializers.CharField()
    key = serializers.CharField()
    reference = serializers.CharField()
    memo = serializers.CharField()
    by = serializers.CharField(source="actor.email", allow_null=True, default=None)
    reverses = serializers.IntegerField(source="reverses_id", allow_null=True)


class JournalDetail(JournalShown):
    """The same with the transfers that touch an account of the shop."""

    transfers = serializers.SerializerMethodField()

    @extend_schema_field(TransferShown(many=True))
    def get_transfers(self, journal: Any) -> Any:
        return TransferShown(self.context["transfers"], many=True).data


class Finding(serializers.Serializer[Any]):
    """One thing that was not as it must be."""

    check = serializers.CharField(source="check_name")
    subject = serializers.CharField()
    detail = serializers.CharField()
    is_notice = serializers.BooleanField()


class AuditShown(serializers.Serializer[Any]):
    """One look at the books: how many findings each check had."""

    id = serializers.IntegerField(source="pk")
    started_at = serializers.DateTimeField()
    duration_ms = serializers.IntegerField()
    found = serializers.IntegerField()
    notices = serializers.IntegerField()
    checks = serializers.DictField(child=serializers.IntegerField())


class AuditDetail(AuditShown):
    """The same with its findings."""

    findings = Finding(many=True)


@documented("ledger_accounts")
class AccountsView(TableRows):
    """Accounts."""

    subject = "ledger"
    table = "ledger"
    related = ("tenant",)
    serializer_class = LedgerAccountShown
    filters = (Choice("kind", [kind for kind, _ in KINDS]), Flag("frozen"), Number("owner"), Text("shop", "tenant__slug"))

    def retrieve(self, request: Request, pk: Any) -> Response:
        return Response(LedgerAccountShown(self.get_object(), context={"is_alone": True}).data)


@documented("journals")
class JournalsView(TableRows):
    """Journals."""

    subject = "ledger"
    table = "journal"
    related = ("tenant", "actor")
    serializer_class = JournalShown
    filters = (Text("kind"), Text("key"), Text("reference"))

    @extend_schema(operation_id="journals_read", responses=JournalDetail)
    def retrieve(self, request: Request, pk: int) -> Response:
        journal = self.get_object()
        rows = touching(cast(Any, request)._request, desk.rows("transfer").filter(journal=journal)).select_related("src", "dst")
        return Response(JournalDetail(journal, context={"transfers": rows.order_by("pk")}).data)


@documented("transfers")
class TransfersView(TableRows):
    """Transfers that touch an account of the shop."""

    subject = "ledger"
    table = "transfer"
    related = ("src", "dst")
    serializer_class = TransferShown
    filters = (Number("journal"), Number("source", "src_id"), Number("target", "dst_id"))

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return touching(cast(Any, self.request)._request, rows)


@documented("audits")
class AuditsView(TableRows):
    """Audits."""

    subject = "audits"
    is_platform = True
    write_roles = CHANGERS
    table = "audit"
    serializer_class = AuditShown

    @extend_schema(operation_id="audits_read", responses=AuditDetail)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(AuditDetail(self.get_object()).data)

    @extend_schema(operation_id="audits_begin", request=None, responses={202: None})
    def create(self, request: Request) -> Response:
        if not queue.send(tasks.audit_now.name, expires=AUDIT_WAITS_SECONDS):
            raise Refused(_("The queue does not answer, so nothing was begun: try again, or run manage.py audit_ledger."))
        return Response(status=status.HTTP_202_ACCEPTED)
