"""The upstreams of China for the matrix of every client by every upstream: those with tools and pictures, and those with words alone."""

from __future__ import annotations

from typing import Any

import orjson

from tests.doubles import replies
from tests.doubles.china import baidu, dashscope, hunyuan, spark, zhipu
from tests.doubles.replies import Reply
from tests.doubles.tongues import TEXT, Upstream, found

_WORDS = (TEXT[:4], TEXT[4:])
_USAGE = {"prompt_tokens": 20, "completion_tokens": 7, "total_tokens": 27}
_ARGUMENTS = '{"city":"Paris"}'


def _bytes(reply: Reply) -> bytes:
    return b"".join(step for step in reply.steps if isinstance(step, bytes))


def dashscope_answer(case: str) -> bytes:
    call = {"index": 0, "id": "call_up", "type": "function", "function": {"name": "get_weather", "arguments": _ARGUMENTS}}
    output = dashscope.output(TEXT) if case == "text" else dashscope.output("", "tool_calls", tool_calls=[call])
    return orjson.dumps({"output": output, "usage": {"input_tokens": 20, "output_tokens": 7}, "request_id": "r"})


def dashscope_stream(case: str) -> bytes:
    usage = {"input_tokens": 20, "output_tokens": 7}
    if case == "text":
        outputs = [dashscope.output(_WORDS[0], "null"), dashscope.output(_WORDS[1])]
    else:
        first = {"index": 0, "id": "call_up", "type": "function", "function": {"name": "get_weather", "arguments": _ARGUMENTS[:8]}}
        rest = {"index": 0, "id": "", "type": "function", "function": {"arguments": _ARGUMENTS[8:]}}
        outputs = [dashscope.output("", "null", tool_calls=[first]), dashscope.output("", "tool_calls", tool_calls=[rest])]
    return b"".join(dashscope.event(place, {"output": one, "usage": usage}) for place, one in enumerate(outputs))


def hunyuan_answer(case: str) -> bytes:
    call = {"Id": "call_up", "Type": "function", "Function": {"Name": "get_weather", "Arguments": _ARGUMENTS}}
    message: dict[str, Any] = {"Role": "assistant", "Content": TEXT} if case == "text" else {"Role": "assistant", "ToolCalls": [call]}
    whole = orjson.loads(_bytes(hunyuan.answer(message, "stop" if case == "text" else "tool_calls")))
    whole["Response"]["Usage"] = {"PromptTokens": 20, "CompletionTokens": 7}
    return orjson.dumps(whole)


def hunyuan_stream(case: str) -> bytes:
    deltas: list[dict[str, Any]] = [{"Role": "assistant", "Content": word} for word in _WORDS]
    if case != "text":
        pieces = [{"Name": "get_weather", "Arguments": _ARGUMENTS[:8]}, {"Name": "", "Arguments": _ARGUMENTS[8:]}]
        deltas = [{"ToolCalls": [{"Id": "call_up", "Type": "function", "Function": piece}]} for piece in pieces]
    ends = ["", "stop" if case == "text" else "tool_calls"]
    usage = {"PromptTokens": 20, "CompletionTokens": 7}
    told = [{"Choices": [{"Delta": delta, "FinishReason": end}], "Usage": usage} for delta, end in zip(deltas, ends, strict=True)]
    return b"".join(b"data: " + orjson.dumps(one) + b"\n\n" for one in told)


def spark_stream(case: str) -> bytes:
    called = {} if case == "text" else {"function_call": {"name": "get_weather", "arguments": _ARGUMENTS}}
    words = _WORDS if case == "text" else ("", "")
    told = [spark.message(words[0], 0), spark.message(words[1], 2, usage=_USAGE, **called)]
    return b"".join(orjson.dumps(one) + b"\n" for one in told)


def baidu_answer(case: str) -> bytes:
    return _bytes(baidu.answer(TEXT, usage=_USAGE))


def baidu_stream(case: str) -> bytes:
    return b"".join(baidu.frame(place, word, is_end=place == 1, usage=_USAGE) for place, word in enumerate(_WORDS))


def zhipu_answer(case: str) -> bytes:
    whole = orjson.loads(_bytes(zhipu.v3_answer(TEXT)))
    whole["data"]["usage"] = _USAGE
    return orjson.dumps(whole)


def zhipu_stream(case: str) -> bytes:
    return _bytes(zhipu.v3_stream(_WORDS)).replace(orjson.dumps(replies.USAGE), orjson.dumps(_USAGE))


_TOO_LARGE = "max_tokens is too large"
TALL: dict[str, Upstream] = {
    "dashscope": Upstream(
        "dashscope", dashscope_answer, dashscope_stream, orjson.dumps({"code": "InvalidParameter", "message": _TOO_LARGE}), found
    ),
    "hunyuan": Upstream("hunyuan_tc3", hunyuan_answer, hunyuan_stream, _bytes(hunyuan.error("InvalidParameterValue", _TOO_LARGE)), found),
}
TOOLS_ONLY: dict[str, Upstream] = {
    "spark": Upstream(
        "spark", spark_stream, spark_stream, orjson.dumps({"header": {"code": 10004, "message": _TOO_LARGE}}), found, model="Spark-Max"
    ),
}
WORDS_ONLY: dict[str, Upstream] = {
    "baidu": Upstream("baidu_iam", baidu_answer, baidu_stream, _bytes(baidu.error(336003, _TOO_LARGE)), found),
    "zhipu": Upstream("zhipu_v3", zhipu_answer, zhipu_stream, _bytes(zhipu.v3_refusal(1214, _TOO_LARGE)), found),
}
ROWS = TALL | TOOLS_ONLY | WORDS_ONLY
