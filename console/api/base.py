"""What every page of the management API shares: who calls, with which scope, in pages, and each write once.

A write with an `Idempotency-Key` runs in one transaction with the row that remembers its answer: of two at once the
second waits for the first and gets the same answer; a refusal is not remembered, so that it can be tried again. Acts that
only ask somebody outside (`asking`) run without that transaction: it would stay open as long as they take to answer.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any, ClassVar, cast

import orjson
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions, serializers, status
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.viewsets import GenericViewSet

from accounts import access_tokens, scope
from accounts.models import AccessToken, ApiReply, Membership, User
from accounts.scope import Actor
from console.api.schema import IDEMPOTENCY_PATTERN, ApiSchema
from foundation import vault

SAFE = ("GET", "HEAD", "OPTIONS")
# Who reads a shop's rows, and who changes them.
STAFF = Membership.STAFF_ROLES
CHANGERS = ("owner", "manager")
IDEMPOTENCY = "Idempotency-Key"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer kp_…`; a token of another shop is unknown on a shop's host, the platform's hosts know all."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        try:
            kind, _blank, secret = get_authorization_header(request).decode("ascii").partition(" ")
        except UnicodeDecodeError:
            kind, secret = "", ""
        token = access_tokens.recognise(secret.strip()) if kind.lower() == "bearer" else None
        here = cast(Any, request._request).tenant
        if token is None or not (here.is_root or token.membership.tenant_id == here.pk):
            raise exceptions.AuthenticationFailed(_("Send an access token: Authorization: Bearer kp_…"))
        actor = scope.actor(user=token.membership.user, tenant=token.membership.tenant)
        if actor.membership is None:
            raise exceptions.AuthenticationFailed(_("The token's owner is no member any more."))
        cast(Any, request._request).actor = actor
        return token.membership.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's hook has no types
    """How the schema names the token."""

    target_class = TokenAuthentication
    name = "accessToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "kp_…"}


class ScopePermission(BasePermission):
    """The token's scopes and the owner's role allow what is asked for."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if view.action is None:
            raise exceptions.MethodNotAllowed(str(request.method))
        verb = "read" if request.method in SAFE else "write"
        token = cast(AccessToken, request.auth)
        wanted = f"{view.subject}:{view.action if view.action in view.own_scopes else verb}"
        if wanted not in token.scopes:
            raise exceptions.PermissionDenied(_("The token lacks the scope %(scope)s: make one that has it.") % {"scope": wanted})
        actor = cast(ApiView, view).actor
        roles = view.read_roles if verb == "read" else view.write_roles
        if (roles is not None and actor.role not in roles) or (view.is_platform and not actor.is_platform):
            raise exceptions.NotFound
        return True


class TokenThrottle(SimpleRateThrottle):
    """So many calls a minute for each token."""

    rate = "600/min"
    scope = "api"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return f"api-throttle:{request.auth.pk}" if request.auth else None


class Page(CursorPagination):
    """The newest first; `limit` rows a page."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "-id"


class Replayed(exceptions.APIException):
    """This write was done before: its answer is given again."""

    def __init__(self, status_code: int, data: Any) -> None:
        super().__init__()
        self.status_code = status_code
        self.data = data


class KeyReused(exceptions.APIException):
    """The idempotency key belongs to another request."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = gettext_lazy("This Idempotency-Key was used for another request: choose another key.")
    kind = "idempotency_key_reused"


class ApiView(GenericViewSet[Any]):
    """A page of the API: `subject` names its scopes; roles None = every member, for their own rows."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = (ScopePermission,)
    throttle_classes = (TokenThrottle,)
    pagination_class: type[Page] | None = Page
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)
    lookup_value_converter = "int"
    schema = ApiSchema()

    subject: ClassVar[str]
    is_platform: ClassVar[bool] = False
    read_roles: ClassVar[Sequence[str] | None] = None
    write_roles: ClassVar[Sequence[str] | None] = None
    # Acts for which a page asks for the password once more: each has a scope of its own, named like it.
    own_scopes: ClassVar[frozenset[str]] = frozenset()
    # Acts that ask an upstream, a gateway: harmless when done twice.
    asking: ClassVar[frozenset[str]] = frozenset()

    _claim: ApiReply | None = None

    @property
    def actor(self) -> Actor:
        """Return who calls."""
        return cast(Actor, cast(Any, self.request)._request.actor)

    @property
    def member(self) -> Membership:
        """Return the caller's membership."""
        if self.actor.membership is None:
            raise TypeError("nobody is authenticated yet")
        return self.actor.membership

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows the caller may see."""
        return scope.narrow(self.actor, rows)

    def read(self, kind: type[serializers.Serializer[Any]], *, partial: bool = False) -> dict[str, Any]:
        """Return the body's values as a shape has them; raise 400."""
        serializer = kind(data=self.request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        return cast(dict[str, Any], serializer.validated_data)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method in SAFE or self._asks(request):
            return super().dispatch(request, *args, **kwargs)
        # Every write is whole or not at all.
        with transaction.atomic():
            response = super().dispatch(request, *args, **kwargs)
            if response.status_code >= status.HTTP_400_BAD_REQUEST:
                transaction.set_rollback(True)
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        key = request.headers.get(IDEMPOTENCY)
        if key is not None and request.method not in SAFE:
            self._begin(request, key)

    def _begin(self, request: Request, key: str) -> None:
        if not re.fullmatch(IDEMPOTENCY_PATTERN, key):
            raise exceptions.ValidationError({IDEMPOTENCY: [_("1 to 100 printable ASCII characters without blanks.")]})
        # Not orjson, which knows no number beyond 64 bits: what a client sends is not ours to choose.
        said = json.dumps([request.method, request.path, request.data], sort_keys=True)
        mark = hashlib.sha256(said.encode()).hexdigest()
        row = ApiReply(membership=self.member, key=key, fingerprint=mark)
        if self._asks(request):
            found = ApiReply.objects.filter(membership=self.member, key=key).first() or row
        else:
            ApiReply.objects.bulk_create([row], ignore_conflicts=True)
            found = ApiReply.objects.select_for_update().get(membership=self.member, key=key)
        if found.fingerprint != mark:
            raise KeyReused
        if found.status is not None:
            raise Replayed(found.status, orjson.loads(vault.unseal(found.sealed, context="api-reply")))
        self._claim = found

    def _asks(self, request: HttpRequest | Request) -> bool:
        return str(getattr(self, "action_map", {}).get(str(request.method).lower())) in self.asking

    def _remember(self, claim: ApiReply, response: Any) -> None:
        claim.status = response.status_code
        claim.sealed = vault.seal(orjson.dumps(getattr(response, "data", None)).decode(), context="api-reply")
        if claim._state.adding:
            ApiReply.objects.bulk_create([claim], ignore_conflicts=True)
        else:
            claim.save(update_fields=["status", "sealed"])

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Replayed):
            return Response(exc.data, status=exc.status_code, headers={"Idempotent-Replayed": "true"})
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        if self._claim is not None and response.status_code < status.HTTP_400_BAD_REQUEST:
            self._remember(self._claim, response)
        answer: Response = super().finalize_response(request, response, *args, **kwargs)
        answer.headers["Cache-Control"] = "no-store"
        return answer
