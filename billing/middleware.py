"""Show quota to a shop's visitors in the unit the shop chose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from accounts.middleware import API_PATHS
from billing import quota_units

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class UnitMiddleware:
    """Activate the tenant's unit for its pages; back offices and the API stay in dollars and µ$, like the books.

    It runs after `VisitMiddleware`: staff who see a console as a customer see it in that customer's unit.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with quota_units.restored():
            return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        """Activate it once it is known what page is asked for."""
        found = request.resolver_match
        is_desk = found is not None and "admin" in found.app_names
        if not is_desk and not request.path_info.startswith(API_PATHS):
            quota_units.activate(request.tenant)  # type: ignore[attr-defined]  # set by TenantMiddleware
