"""The sign-in services GitHub, Google, Feishu, DingTalk and WeChat on one port, each in its own words: codes, tokens, who it is.

Sources: docs.github.com (OAuth apps, users, emails), developers.google.com/identity (OpenID Connect), open.feishu.cn
(authen v1), open.dingtalk.com (oauth2 v1.0), developers.weixin.qq.com (website login). Each takes `CODE` once.
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt

from tests.doubles.web import Asked, Given, Service

CODE = "code-1"
CLIENT = "client-1"
WORDS = "app-secret"
_TOKEN = "access-1"


def _json(values: Any, *, status: int = 200, kind: str = "application/json; charset=utf-8") -> Given:
    return Given(json.dumps(values, ensure_ascii=False).encode(), status, {"content-type": kind})


class SignInServices(Service):
    """`name` is what the person is called at all of them."""

    def __init__(self, *, name: str = "小明 José") -> None:
        super().__init__()
        self.name = name
        self.codes = [CODE]

    def handle(self, asked: Asked) -> Given:
        service, _, path = asked.path.lstrip("/").partition("/")
        return getattr(self, f"_{service}")(path, asked)  # type: ignore[no-any-return]  # one of the methods below

    def _takes(self, code: str, client: str, words: str) -> bool:
        if (client, words) != (CLIENT, WORDS) or code not in self.codes:
            return False
        self.codes.remove(code)
        return True

    def _github(self, path: str, asked: Asked) -> Given:
        if path == "login/oauth/access_token":
            form = asked.form
            if not self._takes(form["code"], form["client_id"], form["client_secret"]):
                return _json({"error": "bad_verification_code", "error_description": "The code passed is incorrect or expired."})
            said = {"access_token": _TOKEN, "scope": "user:email", "token_type": "bearer"}
            return Given(urlencode(said).encode(), 200, {"content-type": "application/x-www-form-urlencoded; charset=utf-8"})
        if asked.headers.get("authorization") != f"token {_TOKEN}":
            return _json({"message": "Bad credentials"}, status=401)
        if path == "user/emails":
            return _json(
                [
                    {"email": "old@people.test", "primary": False, "verified": False, "visibility": None},
                    {"email": "ming@people.test", "primary": True, "verified": True, "visibility": "private"},
                ]
            )
        return _json({"login": "ming", "id": 583231, "html_url": "https://github.com/ming", "name": self.name, "email": None})

    def _google(self, path: str, asked: Asked) -> Given:
        form = asked.form
        if not self._takes(form["code"], form["client_id"], form["client_secret"]):
            return _json({"error": "invalid_grant", "error_description": "Bad Request"}, status=400)
        said = {
            "iss": "https://accounts.google.com", "azp": CLIENT, "aud": CLIENT, "sub": "110169484474386276334", "email": "ming@people.test",
            "email_verified": True, "name": self.name, "iat": int(time.time()), "exp": int(time.time()) + 3600,
        }  # fmt: skip
        token = jwt.encode(said, "a key of Google's that is long enough", algorithm="HS256", headers={"kid": "1"})
        return _json({"access_token": _TOKEN, "expires_in": 3599, "scope": "openid email", "token_type": "Bearer", "id_token": token})

    def _feishu(self, path: str, asked: Asked) -> Given:
        if path.startswith("auth/v3/app_access_token/internal"):
            form = dict(parse_qsl(asked.body.decode()))
            is_known = (form.get("app_id"), form.get("app_secret")) == (CLIENT, WORDS)
            return _json(
                {"code": 0, "msg": "ok", "app_access_token": "t-1", "expire": 7200} if is_known else {"code": 10003, "msg": "invalid"}
            )
        if path == "authen/v1/access_token":
            said = json.loads(asked.body)
            if said["app_access_token"] != "t-1" or not self._takes(said["code"], CLIENT, WORDS):
                return _json({"code": 20003, "msg": "invalid code"})
            return _json(
                {
                    "code": 0,
                    "msg": "success",
                    "data": {"access_token": _TOKEN, "token_type": "Bearer", "expires_in": 7140, "refresh_token": "r"},
                }
            )
        if asked.headers.get("authorization") != f"Bearer {_TOKEN}":
            return _json({"code": 99991668, "msg": "Invalid access token"}, status=400)
        return _json({"code": 0, "msg": "success", "data": {"name": self.name, "open_id": "ou-583231", "union_id": "on-1"}})

    def _dingtalk(self, path: str, asked: Asked) -> Given:
        if path == "v1.0/oauth2/userAccessToken":
            said = json.loads(asked.body)
            if not self._takes(said["code"], said["clientId"], said["clientSecret"]):
                return _json({"code": "invalidParameter.authCode.notFound", "message": "不存在的临时授权码"}, status=400)
            return _json({"accessToken": _TOKEN, "refreshToken": "r", "expireIn": 7200, "corpId": "c"})
        if asked.headers.get("x-acs-dingtalk-access-token") != _TOKEN:
            return _json({"code": "InvalidAuthentication"}, status=401)
        return _json({"nick": self.name, "openId": "ding-583231", "unionId": "u", "stateCode": "86"})

    def _weixin(self, path: str, asked: Asked) -> Given:
        # It reads a form as well as an address.
        query = asked.query | asked.form
        if path == "sns/oauth2/access_token":
            if not self._takes(query["code"], query["appid"], query["secret"]):
                return _json({"errcode": 40029, "errmsg": "invalid code"}, kind="text/plain")
            return _json(
                {"access_token": _TOKEN, "expires_in": 7200, "refresh_token": "r", "openid": "o-583231", "scope": "snsapi_login"},
                kind="text/plain",
            )
        if (query.get("access_token"), query.get("openid")) != (_TOKEN, "o-583231"):
            return _json({"errcode": 40001, "errmsg": "invalid credential"}, kind="text/plain")
        return _json({"openid": "o-583231", "nickname": self.name, "sex": 0, "unionid": "u"}, kind="text/plain")
