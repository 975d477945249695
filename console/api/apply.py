"""Apply for a shop of one's own, in the API, and see what became of it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import onboarding, tenants
from accounts.models import ShopApplication
from console.api.domains import ApplicationShown
from console.api.errors import Refused
from console.api.fields import Prose, Words
from console.api.rows import RowsView, documented


class ApplicationNew(serializers.Serializer[Any]):
    """What the shop is to be called, and whom it is for."""

    name = Words(max_length=80)
    slug = serializers.RegexField(r"^[a-z0-9]([a-z0-9-]{1,38}[a-z0-9])$", help_text="It becomes part of the address and stays.")
    about = Prose(max_length=2000, default="")


@documented("my_applications")
class OwnApplicationsView(RowsView):
    """The caller's own applications."""

    subject = "account"
    read_roles = write_roles = None
    serializer_class = ApplicationShown

    def rows(self) -> QuerySet[Any]:
        return ShopApplication.objects.select_related("applicant")

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Keep what the caller asked of this shop."""
        return rows.filter(seller=self.actor.tenant, applicant=self.member.user)

    @extend_schema(operation_id="my_applications_send", request=ApplicationNew, responses={201: ApplicationShown})
    def create(self, request: Request) -> Response:
        values = self.read(ApplicationNew)
        try:
            link = request.build_absolute_uri(reverse("console_apply"))
            row = onboarding.apply(seller=self.actor.tenant, applicant=self.member.user, link=link, **values)
        except tenants.SlugTaken:
            raise Refused(_("This short name is taken."), field="slug") from None
        except onboarding.AlreadyApplied:
            raise Refused(_("Your application waits already.")) from None
        return Response(self.tell(row), status=status.HTTP_201_CREATED)
