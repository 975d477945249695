"""The guides stand in the back office, and each vendor's form leads to its own."""

from __future__ import annotations

import pytest
from django.http import Http404
from django.test import Client

from console.admin import guides

pytestmark = pytest.mark.django_db

LIST = "/admin/channels_app/channel/"


def test_a_form_leads_to_its_guide(operator: Client) -> None:
    page = operator.get(f"{LIST}add/?provider=azure").content.decode()
    assert f'href="{LIST}guides/?provider=azure"' in page
    assert "guides/?provider" not in operator.get(f"{LIST}add/?provider=demo").content.decode()


def test_a_guide_is_shown_as_a_page(operator: Client) -> None:
    page = operator.get(f"{LIST}guides/?provider=azure").content.decode()
    assert "<h2>Make the content filter asynchronous</h2>" in page
    assert "<table>" in page
    listed = operator.get(f"{LIST}guides/")
    assert {made.slug for made in listed.context["vendors"]} >= {"azure", "bedrock", "litellm", "oneapi"}


def test_a_shops_staff_reads_them_too_and_nobody_else(desk: Client, client: Client) -> None:
    assert desk.get("/reseller/channels_app/channel/guides/?provider=bedrock").status_code == 200
    assert client.get(f"{LIST}guides/?provider=bedrock").status_code in {302, 404}


@pytest.mark.parametrize("provider", ["nobody", "../operations", "demo"])
def test_there_is_no_other_page(operator: Client, provider: str) -> None:
    assert operator.get(f"{LIST}guides/?provider={provider}").status_code == 404
    with pytest.raises(Http404):
        guides.html_of(provider)
