"""What the error codes of Chinese vendors mean, vendor by vendor: body codes say more than the HTTP status. Pure.

A code `A.B` that is not listed means what `A` means. Sources: the vendors' own tables, named beside each.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from channels_app.contract import FailureKind

_ORDER = (
    FailureKind.BAD_KEY,
    FailureKind.NO_QUOTA,
    FailureKind.RATE_LIMITED,
    FailureKind.CONTENT_FILTER,
    FailureKind.BAD_REQUEST,
    FailureKind.NOT_FOUND,
    FailureKind.UPSTREAM,
)


def _table(
    bad_key: str = "",
    no_quota: str = "",
    rate_limited: str = "",
    content_filter: str = "",
    bad_request: str = "",
    not_found: str = "",
    upstream: str = "",
) -> Mapping[str, FailureKind]:
    """Return codes, written with blanks between them, by code in lower case."""
    columns = (bad_key, no_quota, rate_limited, content_filter, bad_request, not_found, upstream)
    return MappingProxyType({code.lower(): kind for kind, codes in zip(_ORDER, columns, strict=True) for code in codes.split()})


def kind_of(table: Mapping[str, FailureKind], code: str | None) -> FailureKind | None:
    """Return what a code means by a table, or None."""
    name = (code or "").lower()
    while name and name not in table:
        name = name.rpartition(".")[0]
    return table.get(name)


# docs.bigmodel.cn/cn/api/api-code. 1113 is an empty account although its status is 429; 1313 is misuse of a plan.
ZHIPU = _table(
    bad_key="1000 1001 1002 1003 1004 1110 1111 1112 1121 1220 1313",
    no_quota="1113 1304 1308 1309 1310",
    rate_limited="1302 1303 1305 1312",
    content_filter="1300 1301",
    bad_request="1210 1213 1214 1215 1261",
    not_found="1211 1212 1221 1222 1311",
    upstream="500 1120 1230 1234",
)
# ai.baidu.com/ai-doc/WENXINWORKSHOP/tlmyncueh
BAIDU = _table(
    bad_key="6 13 14 100 110 111 336004",
    no_quota="17 19",
    rate_limited="4 18 336501 336502 336100",
    bad_request="336001 336002 336003 336101 336103 336104 336105",
    not_found="3 336005",
    upstream="1 2 15 336000",
)
# cloud.baidu.com/doc/qianfan-api/s/rmwbl43x7. invalid_model comes with status 401.
QIANFAN = _table(
    bad_key="invalid_iam_token access_denied no_parameter_permission",
    rate_limited="rpm_rate_limit_exceeded tpm_rate_limit_exceeded rate_limit_exceeded",
    content_filter="unsafe_request",
    bad_request="malformed_json invalid_messages characters_too_long tokens_too_long invalid_argument",
    not_found="invalid_model",
)
# xfyun.cn/doc/spark/接口说明.html. 10016 and 11200 are also what a busy or unopened account is told.
SPARK = _table(
    bad_key="10015",
    no_quota="10016 11200 11201",
    rate_limited="10006 10007 10008 10110 11202 11203",
    content_filter="10013 10014 10019 10021",
    bad_request="10003 10004 10005 10163 10907",
    upstream="10000 10001 10002 10009 10010 10011 10012 10222 10223",
)
# help.aliyun.com/zh/model-studio/developer-reference/error-code. Arrearage has status 400; AllocationQuota is tokens a
# minute, not money.
DASHSCOPE = _table(
    bad_key="InvalidApiKey invalid_api_key AccessDenied",
    no_quota="Arrearage AccessDenied.Unpurchased AllocationQuota.FreeTierOnly",
    rate_limited="Throttling Throttling.RateQuota Throttling.AllocationQuota",
    content_filter="DataInspectionFailed data_inspection_failed",
    bad_request="InvalidParameter BadRequest InvalidURL",
    upstream="InternalError",
)
# The error codes of the official tencentcloud-sdk-python for hunyuan.
HUNYUAN = _table(
    bad_key="AuthFailure FailedOperation.UserUnAuthError",
    no_quota="FailedOperation.FreeResourcePackExhausted FailedOperation.ResourcePackExhausted FailedOperation.ServiceStop "
    "FailedOperation.ServiceStopArrears FailedOperation.ServiceNotActivated ResourceUnavailable.InArrears ResourceUnavailable.LowBalance "
    "ResourceUnavailable.StopUsing ResourceUnavailable.NotExist ResourceInsufficient.ChargeResourceExhaust",
    rate_limited="LimitExceeded RequestLimitExceeded FailedOperation.EngineServerLimitExceeded",
    content_filter="OperationDenied.TextIllegalDetected OperationDenied.ImageIllegalDetected FailedOperation.GenerateImageFailed",
    bad_request="InvalidParameter InvalidParameterValue",
    not_found="InvalidParameterValue.Model",
    upstream="InternalError FailedOperation.EngineRequestTimeout FailedOperation.EngineServerError 4000 4001",
)
# platform.minimax.io/docs/api-reference/errorcode
MINIMAX = _table(
    bad_key="1004 2049",
    no_quota="1008 2056",
    rate_limited="1002 1039",
    content_filter="1026 1027",
    bad_request="2013",
    upstream="1000 1001 1024",
)
# volcengine.com/docs/82379/1299023
ARK = _table(
    bad_key="AuthenticationError AccessDenied",
    no_quota="AccountOverdueError SetLimitExceeded QuotaExceeded",
    rate_limited="RateLimitExceeded",
    content_filter="SensitiveContentDetected InputTextSensitiveContentDetected InputImageSensitiveContentDetected",
    bad_request="MissingParameter InvalidParameter",
    not_found="InvalidEndpointOrModel InvalidEndpoint ModelNotOpen",
)
# platform.kimi.ai/docs/api/errors. An account without money is told so with status 429, or 403.
MOONSHOT = _table(no_quota="exceeded_current_quota_error", rate_limited="rate_limit_reached_error engine_overloaded_error")
