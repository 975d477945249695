"""The Content-Security-Policy: strict on own pages, looser on the admin's, wider forms where a page says so."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from foundation import csp


def test_own_pages_allow_no_inline_code_and_no_foreign_origin() -> None:
    policy = csp.policy(path="/console/")
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "form-action 'self';" in policy


def test_the_admin_theme_may_evaluate_its_expressions() -> None:
    for path in ("/admin/", "/reseller/accounts/apikey/"):
        assert "script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'" in csp.policy(path=path)


def test_a_page_may_name_where_its_form_leads() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        response = HttpResponse("pay")
        csp.allow_form_to(response, origins=["https://pay.example"])
        return response

    response = csp.PolicyMiddleware(view)(RequestFactory().get("/shop/"))
    assert "form-action 'self' https://pay.example;" in response.headers["Content-Security-Policy"]
    assert "X-Keyosk-Form-Action" not in response.headers
