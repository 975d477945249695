"""Spark over HTTP: two versions of the path, two kinds of errors, answers without id and model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from channels_app import bridge
from tests.channels_app import talk
from tests.channels_app.signing.vectors import VECTORS
from tests.doubles import replies
from tests.doubles.china import spark
from tests.doubles.china.spark import SparkHttp


@pytest.fixture
def vendor() -> Iterator[SparkHttp]:
    with SparkHttp() as started:
        yield started


def ask(vendor: SparkHttp, model: str = "generalv3.5", *, key: str = spark.API_PASSWORD, **fields: Any) -> talk.Said:
    return talk.ask(talk.channel("spark_http", vendor.origin, key), model, **fields)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["lite", "generalv3.5", "x1"])
def test_an_answer_comes_through(vendor: SparkHttp, model: str, stream: bool) -> None:
    assert talk.is_greeting(ask(vendor, model, stream=stream))


def test_what_the_vendor_leaves_out_is_filled_in(vendor: SparkHttp) -> None:
    body = ask(vendor).body
    assert (body["object"], body["model"], body["choices"][0]["finish_reason"]) == ("chat.completion", "generalv3.5", "stop")


def test_the_address_and_the_header_are_those_of_the_vector() -> None:
    vector = VECTORS["spark-http-bearer"]
    facts = talk.channel("spark_http", "", vector["input"]["api_password"])
    made = bridge.request(talk.call({"model": "lite", "messages": []}), facts, facts.keys[0])
    assert (made.url, dict(made.headers)["authorization"]) == (vector["expected"]["url"], vector["expected"]["authorization"])


def test_numbers_stay_inside_the_bounds(vendor: SparkHttp) -> None:
    assert ask(vendor, temperature=0, max_completion_tokens=100_000).failure is None
    sent = vendor.requests[-1].fields
    assert (sent["temperature"], sent["max_tokens"], "max_completion_tokens" in sent) == (0.01, 8192, False)


def test_a_wrong_password_is_refused(vendor: SparkHttp) -> None:
    assert ask(vendor, key="wrong").kind == "bad_key"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("code", "kind"), [(11200, "no_quota"), (10013, "content_filter"), (11202, "rate_limited")])
def test_a_code_in_a_200_is_found_before_the_client_is_answered(vendor: SparkHttp, stream: bool, code: int, kind: str) -> None:
    vendor.script(replies.answer({"code": code, "message": "no", "sid": "s"}))
    assert ask(vendor, stream=stream).kind == kind
