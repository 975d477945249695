"""Spark over the wire: the address is signed anew for each call, the vendor's clock and key decide."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.channels_app import talk
from tests.doubles import replies
from tests.doubles.china import spark
from tests.doubles.china.spark import Spark, SparkEmbeddings

VERSIONS = ("Spark-Lite", "generalv2", "Spark-Pro", "Spark-Pro-128K", "Spark-Max", "Spark-Max-32K", "Spark-4.0-Ultra")


@pytest.fixture
def vendor() -> Iterator[Spark]:
    with Spark() as started:
        yield started


def ask(vendor: Spark, model: str = "Spark-Max", *, key: str = spark.KEY, ahead: float = 0.0, **fields: Any) -> talk.Said:
    return talk.ask(talk.channel("spark", vendor.origin, key), model, clock=lambda: time.time() + ahead, **fields)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "model", ["Spark-Lite", "generalv2", "Spark-Pro", "Spark-Pro-128K", "Spark-Max", "Spark-Max-32K", "Spark-4.0-Ultra"]
)
def test_every_version_answers_streamed_and_whole(vendor: Spark, model: str, stream: bool) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "你好"}]
    assert talk.is_greeting(ask(vendor, model, stream=stream, messages=messages, temperature=0))
    assert vendor.refused == []
    assert vendor.questions[-1]["header"]["app_id"] == spark.APP_ID


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("key", "ahead", "kind"),
    [
        (spark.KEY, 400.0, "upstream"),
        (spark.KEY, -400.0, "upstream"),
        (f"{spark.APP_ID}|wrong|{spark.API_KEY}", 0.0, "bad_key"),
        (f"{spark.APP_ID}|{spark.API_SECRET}|wrong", 0.0, "bad_key"),
        (f"{spark.APP_ID}|{spark.API_KEY}|{spark.API_SECRET}", 0.0, "bad_key"),
    ],
)
def test_a_wrong_signature_or_clock_is_refused_and_told_apart(vendor: Spark, key: str, ahead: float, kind: str, stream: bool) -> None:
    said = ask(vendor, key=key, ahead=ahead, stream=stream)
    assert (said.kind, vendor.questions) == (kind, [])
    assert ("clock" in said.failure.message if said.failure else False) is (kind == "upstream")


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_in_a_message_is_found_before_the_client_is_answered(vendor: Spark, stream: bool) -> None:
    vendor.script([spark.error(10013, "no")])
    said = ask(vendor, stream=stream)
    assert (said.kind, said.events) == ("content_filter", [])


def test_a_refusal_after_text_breaks_the_stream(vendor: Spark) -> None:
    vendor.script([spark.message("He", 0), spark.error(10014, "no")])
    said = ask(vendor, stream=True)
    assert (said.text, said.kind) == ("He", "content_filter")


def test_a_connection_that_closes_early_is_a_failure(vendor: Spark) -> None:
    vendor.script([spark.message("He", 0), None])
    assert ask(vendor, stream=True).kind == "upstream"


def test_a_wrong_app_id_is_a_bad_request_of_ours(vendor: Spark) -> None:
    assert ask(vendor, key=f"other|{spark.API_SECRET}|{spark.API_KEY}").kind == "bad_request"


def embed(vendor: SparkEmbeddings, key: str = spark.KEY, **fields: Any) -> talk.Said:
    facts = talk.channel("spark", "", key, embeddings_url=vendor.origin)
    return talk.ask(facts, "spark-embedding", operation="embeddings", **fields)


def test_one_text_is_embedded_by_a_signed_post() -> None:
    with SparkEmbeddings() as vendor:
        said = embed(vendor, input="你好")
        assert (said.failure, said.body["data"]) == (None, [{"index": 0, "embedding": [0.5, -0.5], "object": "embedding"}])
        assert said.usage is not None
        assert (said.usage.source, said.usage.input > 0) == ("counted", True)
        assert embed(vendor, input=["a", "b"]).kind == "unsupported"
        assert embed(vendor, f"{spark.APP_ID}|wrong|{spark.API_KEY}", input="a").kind == "bad_key"
        vendor.script(replies.answer({"header": {"code": 11202, "message": "no"}}))
        assert embed(vendor, input="a").kind == "rate_limited"
