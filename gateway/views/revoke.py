"""POST /v1/key/revoke: who holds a sub-key ends it, so that a leaked one is stopped without signing in.

Expired, paused and exhausted keys are taken too, from any network: whoever finds a key may only end it. A secret from
before a rotation ends itself alone; the key goes on with its new one.
"""

from __future__ import annotations

from typing import Any

import orjson
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema

from accounts import keys
from foundation import db
from gateway.answers import Answer
from gateway.authentication import credential
from gateway.errors import RelayError
from gateway.requests import LeanRequest
from gateway.views.base import RelayView


class RevokeKey(RelayView):
    """End the sub-key of the request, at once and for good."""

    permission_classes: tuple[type[Any], ...] = ()  # type: ignore[assignment]  # whoever holds it may end it
    throttle_classes: tuple[type[Any], ...] = ()  # type: ignore[assignment]  # also a key that is called too often

    def perform_authentication(self, request: LeanRequest) -> None:  # type: ignore[override]  # DRF's takes its own request
        """Take any sub-key that is known here and not revoked yet."""
        if request.key is None or request.key.state == "revoked":
            raise RelayError("invalid_api_key" if credential(request._request) else "missing_api_key")
        request.user = request.key

    @extend_schema(request=None, responses=OpenApiTypes.OBJECT)
    async def post(self, request: LeanRequest) -> Answer:
        what = await db.query(keys.revoke_secret, credential(request._request))
        if what is None:
            raise RelayError("invalid_api_key")
        return Answer(orjson.dumps({"object": "key.revoked", "prefix": request.caller.prefix, "revoked": what}))
