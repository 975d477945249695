"""What the addresses share: offered where the shop wants them, an access token of ours, and their envelope around every answer.

An answer is `{"success": …, "message": …, "data": …}`, with HTTP 200 also where it is a refusal; 401 for who is not known.
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, cast

from django.db import transaction
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access_tokens, scope
from accounts.models import AccessToken, Membership, Tenant, User
from console.api.base import TokenThrottle

ROWS = 10
MOST_ROWS = 100
DEEPEST = 10_000
_NOT_KNOWN = {
    "one-api": "无权进行此操作，未登录且未提供 access token",
    "new-api": "Unauthorized, not logged in and no access token provided",
}


class Refused(Exception):
    """What was asked for is not done; the message says why."""


class FacadeAuthentication(BaseAuthentication):
    """An access token `kp_…` in Authorization, with or without Bearer; who the `New-Api-User` header names does not matter."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        text = request.headers.get("Authorization", "").strip()
        token = access_tokens.recognise(text.rpartition(" ")[2])
        here = cast(Tenant, cast(Any, request._request).tenant)
        if token is None or not (here.is_root or token.membership.tenant_id == here.pk):
            raise exceptions.NotAuthenticated
        actor = scope.actor(user=token.membership.user, tenant=token.membership.tenant)
        if actor.membership is None:
            raise exceptions.NotAuthenticated
        cast(Any, request._request).actor = actor
        return token.membership.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class FacadeView(APIView):
    """One address. `subject` names the scopes a token needs; empty: everybody may read it."""

    authentication_classes = (FacadeAuthentication,)
    permission_classes = ()
    throttle_classes = (TokenThrottle,)
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)
    schema = None
    subject: ClassVar[str] = ""

    @property
    def tenant(self) -> Tenant:
        """Return the shop that is spoken to: the caller's own, where one is known."""
        return self.member.tenant if self.request.auth else cast(Tenant, cast(Any, self.request)._request.tenant)

    @property
    def member(self) -> Membership:
        """Return the caller's membership."""
        return self.token.membership

    @property
    def token(self) -> AccessToken:
        """Return the access token that asks."""
        return cast(AccessToken, self.request.auth)

    @property
    def is_new(self) -> bool:
        """Tell whether new-api's manners are wanted."""
        return self._dialect == Tenant.Facade.NEW_API

    @property
    def _dialect(self) -> str:
        return str(cast(Any, self.request)._request.tenant.facade)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not cast(Any, request).tenant.facade:
            raise Http404
        if request.method == "GET":
            return super().dispatch(request, *args, **kwargs)
        # Every write is whole or not at all.
        with transaction.atomic():
            response = super().dispatch(request, *args, **kwargs)
            if not getattr(response, "data", {}).get("success"):
                transaction.set_rollback(True)
        return response

    def get_authenticators(self) -> list[BaseAuthentication]:
        return super().get_authenticators() if self.subject else []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not self.subject:
            return
        needed = f"{self.subject}:{'read' if request.method == 'GET' else 'write'}"
        if request.auth is None:
            raise exceptions.NotAuthenticated
        if needed not in self.token.scopes:
            raise Refused(f"The access token lacks the scope {needed}: make one that has it.")

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
            return Response({"success": False, "message": _NOT_KNOWN[self._dialect]}, status=401)
        if isinstance(exc, Refused):
            return Response({"success": False, "message": str(exc)})
        if isinstance(exc, exceptions.APIException):
            return Response({"success": False, "message": str(exc)}, status=exc.status_code)
        raise exc

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        answer: Response = super().finalize_response(request, response, *args, **kwargs)
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["X-Oneapi-Request-Id"] = str(uuid.uuid4())
        if self.is_new:
            answer.headers["X-New-Api-Version"] = "v0.0.0"
        return answer

    def page(self) -> tuple[int, int]:
        """Return (offset, rows): one-api counts pages from 0 and knows ten rows, new-api from 1 and asks for a size."""
        number, size = self.number("p"), self.number("page_size", self.number("size")) or ROWS
        size = min(MOST_ROWS, size) if self.is_new else ROWS
        return min(DEEPEST, max(0, number - (1 if self.is_new else 0)) * size), size

    def listed(self, rows: list[dict[str, Any]], *, total: int) -> Response:
        """Return a page in the dialect's manner."""
        if not self.is_new:
            return done(rows)
        offset, size = self.page()
        return done({"page": offset // size + 1, "page_size": size, "total": total, "items": rows})

    def number(self, name: str, otherwise: int = 0) -> int:
        """Return a number of the query."""
        text = self.request.query_params.get(name, "")
        return int(text) if text.isdecimal() and len(text) < 12 else otherwise


def done(data: Any, **more: Any) -> Response:
    """Return an answer that succeeded."""
    return Response({"success": True, "message": "", "data": data, **more})
