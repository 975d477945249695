"""Tencent Cloud's own client believes the scripted Tencent: signatures, streams and errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.hunyuan.v20230901 import models
from tencentcloud.hunyuan.v20230901.hunyuan_client import HunyuanClient

from tests.doubles import replies
from tests.doubles.china import hunyuan
from tests.doubles.china.hunyuan import Hunyuan


@pytest.fixture
def vendor() -> Iterator[Hunyuan]:
    with Hunyuan() as started:
        yield started


def client(vendor: Hunyuan, secret_key: str = hunyuan.SECRET_KEY) -> Any:
    profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=vendor.origin.removeprefix("http://")))
    return HunyuanClient(Credential(hunyuan.SECRET_ID, secret_key), "ap-guangzhou", profile)


def question(*, stream: bool) -> Any:
    made = models.ChatCompletionsRequest()
    made.from_json_string(json.dumps({"Model": "hunyuan-lite", "Messages": [{"Role": "user", "Content": "你好"}], "Stream": stream}))
    return made


def test_the_vendors_client_is_answered(vendor: Hunyuan) -> None:
    whole = client(vendor).ChatCompletions(question(stream=False))
    assert (whole.Choices[0].Message.Content, whole.Usage.TotalTokens) == (replies.TEXT, 16)
    events = [json.loads(event["data"]) for event in client(vendor).ChatCompletions(question(stream=True))]
    assert "".join(event["Choices"][0]["Delta"]["Content"] for event in events) == replies.TEXT
    assert vendor.refused == []


def test_its_pictures_are_jobs(vendor: Hunyuan) -> None:
    made = models.SubmitHunyuanImageJobRequest()
    made.from_json_string(json.dumps({"Prompt": "猫", "Resolution": "1024:1024"}))
    asked = models.QueryHunyuanImageJobRequest()
    asked.JobId = client(vendor).SubmitHunyuanImageJob(made).JobId
    states = [client(vendor).QueryHunyuanImageJob(asked) for _ in range(3)]
    assert [state.JobStatusCode for state in states] == ["1", "2", "5"]
    assert states[-1].ResultImage == ["https://x.test/1.png"]


def test_a_wrong_key_is_refused_to_it_too(vendor: Hunyuan) -> None:
    with pytest.raises(TencentCloudSDKException) as error:
        client(vendor, "wrong").ChatCompletions(question(stream=False))
    assert error.value.code == "AuthFailure.SignatureFailure"
