"""Pictures by the official SDK: billed by the image that came, or by tokens; edited by forms; streamed."""

from __future__ import annotations

import base64
from typing import Any

import openai
import pytest

from tests.channels_app.test_pictures import png
from tests.doubles import replies
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import Caller, lines
from tests.gateway.live import LiveRelay
from tests.gateway.views.conftest import Offer

# 4 cents for a standard picture, 8 for one in high definition.
BY_IMAGE = {"image:1024x1024:standard": 40_000_000_000, "image:*:hd": 80_000_000_000}
TOKENS = {"input_tokens": 50, "output_tokens": 272, "total_tokens": 322, "input_tokens_details": {"text_tokens": 10, "image_tokens": 40}}


def pictures(number: int = 1, **others: Any) -> dict[str, Any]:
    return {"created": 1, "data": [{"url": f"https://img.example/{place}.png"} for place in range(number)], **others}


def test_a_picture_is_billed_by_size_and_quality(offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream) -> None:
    offer("dall-e-3", units=BY_IMAGE)
    upstream.script(replies.answer(pictures()))

    answer = sdk.images.generate(model="dall-e-3", prompt="a cat", size="1024x1024", quality="hd")

    assert answer.data is not None
    assert answer.data[0].url == "https://img.example/0.png"
    assert upstream.requests[0].fields == {"model": "up-dall-e-3", "prompt": "a cat", "size": "1024x1024", "quality": "hd"}
    line = lines(relay)[0]
    assert (line.usage, line.price, line.source) == ({"image:1024x1024:hd": 1}, 80_000, "upstream")


def test_only_pictures_that_came_are_paid_for(offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream) -> None:
    offer("dall-e-2", units=BY_IMAGE)
    upstream.script(replies.answer(pictures(2)))

    sdk.images.generate(model="dall-e-2", prompt="a cat", n=3, size="1024x1024", quality="standard")

    assert (lines(relay)[0].usage, lines(relay)[0].price) == ({"image:1024x1024:standard": 2}, 80_000)


def test_tokens_are_billed_where_the_vendor_tells_them_and_pictures_have_no_price(
    offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream
) -> None:
    offer("gpt-image-1", input=5_000_000, image_input=10_000_000, image_output=40_000_000)
    upstream.script(replies.answer(pictures(usage=TOKENS, size="1024x1024", quality="low")))

    sdk.images.generate(model="gpt-image-1", prompt="a cat")

    # 10 × $5 + 40 × $10 + 272 × $40 a million
    assert (lines(relay)[0].usage, lines(relay)[0].price) == ({"input": 10, "image_input": 40, "image_output": 272}, 11_330)
    assert lines(relay)[0].unpriced == []


def test_a_price_by_the_image_is_never_added_to_one_by_tokens(
    offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream
) -> None:
    offer("gpt-image-1", input=5_000_000, image_output=40_000_000, units={"image:*": 20_000_000_000})
    upstream.script(replies.answer(pictures(usage=TOKENS, size="1024x1024", quality="low")))

    sdk.images.generate(model="gpt-image-1", prompt="a cat")

    assert (lines(relay)[0].usage, lines(relay)[0].price) == ({"image:1024x1024:low": 1}, 20_000)


def test_the_size_of_auto_is_told_by_the_picture_itself(offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream) -> None:
    offer("flux", units={"image:64x32:auto": 1_000_000_000, "image:*": 9_000_000_000})
    upstream.script(replies.answer({"created": 1, "data": [{"b64_json": base64.b64encode(png(64, 32)).decode()}]}))

    sdk.images.generate(model="flux", prompt="a cat")

    assert (lines(relay)[0].usage, lines(relay)[0].price) == ({"image:64x32:auto": 1}, 1_000)


def test_an_unforeseen_size_costs_the_dearest_that_was_reserved_never_nothing(
    offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream
) -> None:
    offer("dall-e-3", units={"image:1024x1024:standard": 40_000_000_000, "image:1792x1024:standard": 80_000_000_000})
    upstream.script(replies.answer(pictures(size="777x777", quality="standard")))

    sdk.images.generate(model="dall-e-3", prompt="a cat")

    assert (lines(relay)[0].usage, lines(relay)[0].price, lines(relay)[0].unpriced) == ({"image:1792x1024:standard": 1}, 80_000, [])


def test_pictures_are_edited_by_a_form_that_the_vendor_reads_as_we_did(
    offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream
) -> None:
    offer("gpt-image-1", units={"image:*": 20_000_000_000})
    upstream.script(replies.answer(pictures(usage=TOKENS, size="1024x1024", quality="low")))

    sdk.images.edit(model="gpt-image-1", prompt="a hat", image=[("a.png", png(8, 8)), ("b.png", png(9, 9))], mask=("m.png", png(8, 8)))

    sent = upstream.requests[0]
    assert sent.path == "/v1/images/edits"
    assert sent.headers["content-type"].startswith("multipart/form-data; boundary=keyosk-")
    assert sent.body.count(b'name="model"\r\n\r\nup-gpt-image-1\r\n') == 1
    assert [sent.body.count(name) for name in (png(8, 8), png(9, 9), b'filename="a.png"', b'name="mask"')] == [2, 1, 1, 1]
    assert (lines(relay)[0].usage, lines(relay)[0].price) == ({"image:1024x1024:low": 1}, 20_000)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_variations_need_no_prompt(offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream) -> None:
    offer("dall-e-2", units=BY_IMAGE)
    upstream.script(replies.answer(pictures(2)))

    sdk.images.create_variation(image=png(), n=2, size="1024x1024")

    assert upstream.requests[0].path == "/v1/images/variations"
    assert lines(relay)[0].model == "dall-e-2"
    assert sum(lines(relay)[0].usage.values()) == 2


def test_partial_pictures_are_streamed_and_billed_when_complete(
    offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream
) -> None:
    offer("gpt-image-1", input=5_000_000, image_input=10_000_000, image_output=40_000_000)
    upstream.script(
        replies.raw_stream(
            b"event: image_generation.partial_image\n"
            b'data: {"type":"image_generation.partial_image","b64_json":"AA==","partial_image_index":0}\n\n',
            b'event: image_generation.completed\ndata: {"type":"image_generation.completed","b64_json":"AAA=","size":"1024x1024",'
            b'"quality":"low","usage":{"input_tokens":50,"output_tokens":372,"total_tokens":422,'
            b'"input_tokens_details":{"text_tokens":10,"image_tokens":40}}}\n\n',
        )
    )

    events = list(sdk.images.generate(model="gpt-image-1", prompt="a cat", stream=True, partial_images=1))

    assert [event.type for event in events] == ["image_generation.partial_image", "image_generation.completed"]
    assert upstream.requests[0].fields["stream"] is True
    assert "stream_options" not in upstream.requests[0].fields
    assert (lines(relay)[0].usage, lines(relay)[0].status) == ({"input": 10, "image_input": 40, "image_output": 372}, "ok")
    assert lines(relay)[0].stream


@pytest.mark.parametrize(
    "reply",
    [
        replies.raw_stream(b'event: error\ndata: {"type":"error","error":{"message":"no","code":"server_error"}}\n\n'),
        replies.error_in_200("server_error"),
        replies.html(200),
        replies.raw_stream(b""),
    ],
)
def test_a_stream_that_fails_before_a_picture_costs_nothing(
    offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream, reply: replies.Reply
) -> None:
    offer("gpt-image-1", units={"image:*": 20_000_000_000})
    upstream.on_model("up-gpt-image-1", reply)

    answer = relay.http.post("/v1/images/generations", headers=caller.headers, json={"model": "gpt-image-1", "prompt": "x", "stream": True})

    assert answer.status_code == 502
    assert lines(relay) == []


@pytest.mark.parametrize(
    ("fields", "param"),
    [({"prompt": 7}, "prompt"), ({"size": "1024 x"}, "size"), ({"quality": []}, "quality"), ({"n": 0}, "n"), ({"n": 11}, "n")],
)
def test_a_picture_that_cannot_be_asked_for_names_the_field(
    offer: Offer, relay: LiveRelay, caller: Caller, fields: dict[str, Any], param: str
) -> None:
    offer("dall-e-3", units=BY_IMAGE)

    answer = relay.http.post("/v1/images/generations", headers=caller.headers, json={"model": "dall-e-3", "prompt": "x", **fields})

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_a_size_without_a_price_is_refused_before_the_call(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("dall-e-3", units=BY_IMAGE)
    body = {"model": "dall-e-3", "prompt": "x", "size": "4096x4096", "quality": "standard"}

    answer = relay.http.post("/v1/images/generations", headers=caller.headers, json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    assert "image:4096x4096:standard" in answer.json()["error"]["message"]
    assert upstream.requests == []
