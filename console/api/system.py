"""What runs by itself, and who there is, in the API for the platform's staff: task runs, jobs, outgoing messages, people."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from console.api.base import ApiView
from console.api.fields import Prose
from console.api.filters import Choice, Flag, Text
from console.api.rows import RowsView, documented
from foundation import checked
from foundation.models import Job, OutboxMessage, ScheduledTask


class TaskRun(serializers.Serializer[Any]):
    """The last run of a periodic task; `error` is empty when it went well."""

    name = serializers.CharField()
    every_seconds = serializers.IntegerField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)
    result = serializers.CharField()
    error = serializers.CharField()


class JobShown(serializers.Serializer[Any]):
    """Long work and how far it is."""

    id = serializers.UUIDField(source="pk")
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=Job.State.choices)
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    error = serializers.CharField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class OutgoingShown(serializers.Serializer[Any]):
    """A message that waits, left or was given up; what it says stays unread."""

    id = serializers.UUIDField(source="pk")
    topic = serializers.CharField()
    state = serializers.ChoiceField(choices=OutboxMessage.State.choices)
    attempts = serializers.IntegerField()
    error = serializers.CharField()
    available_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)


class Place(serializers.Serializer[Any]):
    """Where somebody belongs."""

    customer = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    role = serializers.CharField()
    state = serializers.CharField()


class Person(serializers.Serializer[Any]):
    """Somebody with all their shops; password and factors are theirs alone."""

    id = serializers.IntegerField(source="pk")
    email = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    language = serializers.CharField()
    is_active = serializers.BooleanField()
    date_joined = serializers.DateTimeField()
    last_login = serializers.DateTimeField(allow_null=True)
    shops = Place(source="memberships", many=True)


class PersonForm(serializers.Serializer[Any]):
    """What the platform may set of somebody: a person who is not active signs in nowhere, and their keys answer nothing."""

    name = Prose(max_length=80, required=False)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, allow_blank=True, required=False)
    is_active = serializers.BooleanField(required=False)


class TasksView(ApiView):
    """Task runs: a few dozen, all at once."""

    subject = "system"
    is_platform = True
    serializer_class = TaskRun
    pagination_class = None

    @extend_schema(operation_id="task_runs", responses=TaskRun(many=True))
    def list(self, request: Request) -> Response:
        return Response(TaskRun(ScheduledTask.objects.order_by("name"), many=True).data)


@documented("jobs")
class JobsView(RowsView):
    """Long work."""

    model = Job
    subject = "system"
    is_platform = True
    serializer_class = JobShown
    lookup_value_converter = "uuid"
    filters = (Choice("state", Job.State.values), Text("kind"))


@documented("outgoing_messages")
class OutgoingView(RowsView):
    """Outgoing messages."""

    model = OutboxMessage
    subject = "system"
    is_platform = True
    serializer_class = OutgoingShown
    lookup_value_converter = "uuid"
    filters = (Choice("state", OutboxMessage.State.values), Text("topic"))


@documented("people")
class PeopleView(RowsView):
    """People."""

    subject = "system"
    is_platform = True
    serializer_class = Person
    filters = (Text("email", "email__iexact"), Flag("is_active"))

    def rows(self) -> QuerySet[Any]:
        return User.objects.prefetch_related("memberships__tenant")

    @extend_schema(operation_id="people_change", request=PersonForm, responses=Person)
    def partial_update(self, request: Request, pk: int) -> Response:
        row = self.get_object()
        before = self.facts(row)
        checked.save(row, self.read(PersonForm))
        self.record_change(row, before=before)
        return Response(self.tell(row))
