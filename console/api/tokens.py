"""The caller's own access tokens in the API: listed, made and shown once, revoked; a token never makes one that may more."""

from __future__ import annotations

from typing import Any, cast

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access_tokens
from accounts.models import AccessToken
from console.api.errors import Refused
from console.api.fields import Words
from console.api.rows import RowsView, documented


class TokenNew(serializers.Serializer[Any]):
    """What a token is called, what it may do, and until when; left out, it ends with the token that makes it."""

    name = Words(max_length=60)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=access_tokens.SCOPES), min_length=1, max_length=100)
    expires_at = serializers.DateTimeField(required=False)


class TokenShown(serializers.Serializer[Any]):
    """A token without its secret."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)


class TokenMade(TokenShown):
    """A token with its secret: the only time it is shown."""

    secret = serializers.SerializerMethodField()

    def get_secret(self, token: AccessToken) -> str:
        return str(self.context["secret"])


@documented("tokens")
class TokensView(RowsView):
    """Access tokens."""

    model = AccessToken
    subject = "tokens"
    read_roles = write_roles = None
    serializer_class = TokenShown

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(membership=self.member)

    @extend_schema(operation_id="tokens_create", request=TokenNew, responses={201: TokenMade})
    def create(self, request: Request) -> Response:
        values, mine = self.read(TokenNew), cast(AccessToken, request.auth)
        if more := sorted(set(values["scopes"]) - set(mine.scopes)):
            raise Refused(
                _("The token you call with lacks %(scopes)s: it can make none that has it.") % {"scopes": ", ".join(more)}, field="scopes"
            )
        wanted = values.get("expires_at", mine.expires_at)
        if wanted is not None and (wanted <= timezone.now() or (mine.expires_at is not None and wanted > mine.expires_at)):
            raise Refused(_("The end lies ahead, and not after that of the token you call with."), field="expires_at")
        made = access_tokens.issue(membership=self.member, name=values["name"], scopes=values["scopes"], expires_at=wanted)
        return Response(TokenMade(made.token, context={"secret": made.secret}).data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="tokens_revoke", request=None, responses=TokenShown)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: int) -> Response:
        token = self.get_object()
        access_tokens.revoke(token=token)
        return Response(self.tell(token))
