"""How the API says no: one envelope for every refusal, with a code for programs, and words that name the field and the way out.

`{"error": {"code": "refused", "message": "…", "fields": {"tiers.0.from": ["…"]}}}`; `fields` is empty where no field is to blame.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils.translation import gettext_lazy
from rest_framework import exceptions, serializers, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

_CODES = {
    400: "invalid",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "refused",
    415: "unsupported_media_type",
    429: "too_many_requests",
}
_SEE_FIELDS = gettext_lazy("Some values are not valid: see the fields.")
_NOTHING = gettext_lazy("There is no such thing here, or it is not yours.")
_TAKEN = gettext_lazy("There is one like this already, or something still uses it: read it again.")
# What Django and DRF call errors that are no single field's.
_NO_FIELD = ("__all__", "non_field_errors")


class Refused(exceptions.APIException):
    """The request is well formed, and what is there does not allow it; `fields` says which value to change."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, message: str, *, field: str = "", fields: Mapping[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.fields = dict(fields or ({field: [message]} if field else {}))


class Problem(serializers.Serializer[Any]):
    """What is wrong."""

    code = serializers.CharField()
    message = serializers.CharField()
    fields = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))  # type: ignore[assignment]  # its name on the wire


class Error(serializers.Serializer[Any]):
    """The body of every refusal."""

    error = Problem()


def of_model(error: ValidationError) -> Refused:
    """Return a model's complaint as a refusal."""
    told = error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
    fields = {name: list(texts) for name, texts in told.items() if name not in _NO_FIELD}
    general = [text for name in _NO_FIELD for text in told.get(name, ())]
    return Refused(" ".join(general) or str(_SEE_FIELDS), fields=fields)


def envelope(code: int, message: str, fields: Mapping[str, list[str]] | None = None, *, kind: str = "") -> dict[str, Any]:
    """Return the body of a refusal with this HTTP status."""
    return {"error": {"code": kind or _CODES.get(code, "error"), "message": message, "fields": dict(fields or {})}}


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer a refusal in the envelope; what is no refusal is a fault of ours and goes on."""
    if isinstance(error, ValidationError):
        error = of_model(error)
    elif isinstance(error, IntegrityError):
        error = Refused(str(_TAKEN))
    answer: Response | None = exception_handler(error, dict(context))
    if answer is None:
        return None
    fields = getattr(error, "fields", {})
    message = str(getattr(error, "detail", _NOTHING))
    if isinstance(error, exceptions.ValidationError):
        found = list(_flat(error.detail))
        fields = {}
        for name, text in found:
            fields.setdefault(name, []).append(text)
        general = [text for name in ("", *_NO_FIELD) for text in fields.pop(name, ())]
        message = " ".join(general) or str(_SEE_FIELDS)
    elif answer.status_code == status.HTTP_404_NOT_FOUND and message == exceptions.NotFound.default_detail:
        message = str(_NOTHING)
    answer.data = envelope(answer.status_code, message, fields, kind=getattr(error, "kind", ""))
    return answer


def _flat(told: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield dotted field names with their messages."""
    if isinstance(told, Mapping):
        for name, below in told.items():
            yield from _flat(below, f"{path}.{name}" if path and name not in _NO_FIELD else path or str(name))
    elif isinstance(told, list):
        for place, below in enumerate(told):
            yield from _flat(below, f"{path}.{place}" if isinstance(below, Mapping | list) else path)
    else:
        yield path, str(told)
