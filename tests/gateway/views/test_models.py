"""The list of models."""

from __future__ import annotations

from accounts.models import ApiKey
from billing import price_book
from channels_app import channels
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import Caller
from tests.gateway.live import LiveRelay


def test_only_what_has_a_channel_and_a_price_is_listed(caller: Caller, upstream: Upstream, relay: LiveRelay) -> None:
    channels.add(name="more", provider="openai", base_url=upstream.url, key="k", models=["vendor/unpriced"])
    price_book.set_price(model="no-channel", input=1)

    body = relay.http.get("/v1/models", headers=caller.headers).json()

    assert body["object"] == "list"
    assert [one["id"] for one in body["data"]] == ["m"]
    assert (body["data"][0]["object"], type(body["data"][0]["created"]), body["data"][0]["owned_by"]) == ("model", int, "keyosk")


def test_a_key_sees_only_its_own_models(caller: Caller, relay: LiveRelay) -> None:
    ApiKey.objects.filter(pk=caller.key.pk).update(models_allowed=["other"])

    assert relay.http.get("/v1/models", headers=caller.headers).json()["data"] == []


def test_a_models_name_may_contain_slashes(caller: Caller, upstream: Upstream, relay: LiveRelay) -> None:
    price_book.set_price(model="vendor/deep/one", input=1)
    channels.add(name="more", provider="openai", base_url=upstream.url, key="k", models=["vendor/deep/one"])

    response = relay.http.get("/v1/models/vendor/deep/one", headers=caller.headers)

    assert (response.status_code, response.json()["id"]) == (200, "vendor/deep/one")


def test_an_unknown_model_is_a_404(caller: Caller, relay: LiveRelay) -> None:
    response = relay.http.get("/v1/models/nobody", headers=caller.headers)

    assert (response.status_code, response.json()["error"]["code"], response.json()["error"]["param"]) == (404, "model_not_found", "model")


def test_the_list_comes_in_the_shape_of_the_protocol_that_asks(relay: LiveRelay, caller: Caller) -> None:
    claude = relay.http.get("/v1/models", headers={"x-api-key": caller.secret, "anthropic-version": "2023-06-01"}).json()
    assert claude == {
        "data": [{"type": "model", "id": "m", "display_name": "m", "created_at": "2021-07-20T00:00:00Z", "lifecycle": "active"}],
        "has_more": False,
        "first_id": "m",
        "last_id": "m",
    }
    for path in ("/v1/models", "/v1beta/models"):
        google = relay.http.get(path, headers={"x-goog-api-key": caller.secret}).json()
        assert [one["name"] for one in google["models"]] == ["models/m"]
    by_query = relay.http.get(f"/v1/models/m?key={caller.secret}").json()
    assert by_query["name"] == "models/m"


def test_a_key_may_hide_among_the_subprotocols_of_a_websocket(relay: LiveRelay, caller: Caller) -> None:
    offered = f"realtime, openai-insecure-api-key.{caller.secret}, openai-beta.realtime-v1"
    assert relay.http.get("/v1/models", headers={"sec-websocket-protocol": offered}).status_code == 200
