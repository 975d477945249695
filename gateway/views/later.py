"""Parts of the protocols, and of them all WebSockets, that are not offered yet: a clear 501 in the envelope of the address."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema

from gateway.answers import Answer
from gateway.errors import RelayError
from gateway.requests import LeanRequest
from gateway.views.base import RelayView

# What lies below these, and at them.
PREFIXES = (
    "/v1/realtime",
    "/v1/files",
    "/v1/uploads",
    "/v1/batches",
    "/v1/responses/",
    "/v1/conversations",
    "/v1/messages/batches",
    "/v1/fine_tuning",
    "/v1/assistants",
    "/v1/threads",
    "/v1/vector_stores",
    "/v1/videos",
    "/v1beta/files",
    "/v1beta/cachedContents",
    "/v1beta/batches",
    "/openai/files",
    "/openai/batches",
    "/openai/realtime",
    "/openai/v1/realtime",
    "/openai/v1/files",
    "/openai/v1/batches",
    "/ws",  # where Gemini's Live API is
)


class NotYet(RelayView):
    """Refuse, by name, what is not offered yet."""

    @extend_schema(exclude=True)
    async def get(self, request: LeanRequest) -> Answer:
        raise RelayError("not_implemented", f"{request._request.path[:100]} is not offered here yet.")

    @extend_schema(exclude=True)
    async def post(self, request: LeanRequest) -> Answer:
        return await self.get(request)


class NoSocket(NotYet):
    """Refuse a WebSocket's handshake."""

    @extend_schema(exclude=True)
    async def get(self, request: LeanRequest) -> Answer:
        raise RelayError("not_implemented", f"WebSockets are not offered at {request._request.path[:100]} yet.")


def is_later(address: str) -> bool:
    """Tell whether an address belongs to what is not offered yet."""
    return (
        any(address == prefix.rstrip("/") or address.startswith(f"{prefix.rstrip('/')}/") for prefix in PREFIXES)
        and address != "/v1/responses"
    )
