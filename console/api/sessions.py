"""Who is signed in as the caller, and who of the staff looked, in the API: sessions are ended, visits are read."""

from __future__ import annotations

from typing import Any

from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import SupportVisit
from console.api.rows import OwnRows, documented


class SessionShown(serializers.Serializer[Any]):
    """A browser in which the caller is signed in."""

    id = serializers.IntegerField(source="pk")
    address = serializers.CharField(source="ip")
    browser = serializers.CharField(source="user_agent")
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()


class VisitShown(serializers.Serializer[Any]):
    """Somebody of the staff saw the console as the caller does."""

    id = serializers.IntegerField(source="pk")
    by = serializers.CharField(source="visitor.name")
    reason = serializers.CharField()
    started_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


@documented("me_sessions")
class SessionsView(OwnRows):
    """Browsers."""

    subject = "account"
    serializer_class = SessionShown
    model = UserSession

    def list(self, request: Request) -> Response:
        # Those that ended by themselves are still noted.
        UserSession.objects.purge_and_list(self.member.user)
        return super().list(request)

    @extend_schema(operation_id="me_sessions_end", responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        get_adapter().end_sessions([self.get_object()])
        return Response(status=status.HTTP_204_NO_CONTENT)


@documented("me_visits")
class VisitsView(OwnRows):
    """Looks of the staff."""

    subject = "account"
    serializer_class = VisitShown
    model = SupportVisit
    related = ("visitor",)

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(membership=self.member)
