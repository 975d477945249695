"""Google Vertex AI: Gemini and Claude in a project of Google Cloud, by a service account.

The service account's JSON is the channel's key; the project is read from it. Gemini is asked in its own protocol, Claude in
Anthropic's, models of others (`meta/…`) at Google's OpenAI-compatible address. `global`, `us` and `eu` have hosts of their own;
`global-aiplatform.googleapis.com` does not exist. Source: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/locations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from google.auth import crypt, jwt

from channels_app import failures
from channels_app.contract import Call, ChannelFacts, ChannelKey, Encoded, Failure, FailureKind, Secret, UpstreamRequest
from channels_app.inquiry import Inquiry, Reply
from channels_app.provider import Field, Provider, Token, TokenRefused, gettext_noop

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105  # an address
_LIFETIME_SECONDS = 3600
_PLACE = re.compile(r"/locations/([^/]+)/")
_NO_PROJECT = "/projects/-/"
_COUNT = "count_tokens"
_NOT_AN_ACCOUNT = "The key is no service account: paste the whole JSON file that Google Cloud made."


class Vertex(Provider):
    slug = "vertex"
    label = "Google Vertex AI"
    dialect = "gemini"
    fields = (
        Field("region", gettext_noop("Region"), default="global", help=gettext_noop("Where the models run, such as us-east5 or global.")),
        Field("project", gettext_noop("Project ID"), help=gettext_noop("Empty for the project of the service account.")),
        Field(
            "regions",
            gettext_noop("Other regions"),
            help=gettext_noop("Where some models run elsewhere: claude-*=us-east5, gemini-3*=global."),
        ),
        Field(
            "safety",
            gettext_noop("Safety threshold"),
            default="BLOCK_NONE",
            help=gettext_noop("Sent to Gemini for every category where the client says nothing."),
        ),
    )
    key_label = gettext_noop("Service account (JSON)")
    default_models = ("gemini-2.5-flash", "gemini-2.5-pro", "claude-sonnet-4-5@20250929")
    operations = frozenset({"chat", _COUNT})
    has_token = True
    signs = True
    wants_bytes = True

    def dialect_of(self, call: Call, channel: ChannelFacts) -> str:
        model = channel.upstream(call.model)
        if model.startswith("claude"):
            return "anthropic"
        return "openai" if "/" in model else self.dialect

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        """Name region and publisher in the path; the project is known only with the key."""
        model = channel.upstream(call.model)
        place = f"/v1{_NO_PROJECT}locations/{region_of(model, channel)}"
        if "/" in model:
            return encoded._replace(path=f"{place}/endpoints/openapi{encoded.path}")
        if not model.startswith("claude"):
            body = _with_roles(encoded.body) if call.dialect == self.dialect else encoded.body
            body = _uncovered(body) if call.operation == _COUNT else body
            return encoded._replace(path=f"{place}/publishers/google{encoded.path}", body=body)
        if call.operation == _COUNT:  # the model stands in the body here
            return encoded._replace(
                path=f"{place}/publishers/anthropic/models/count-tokens:rawPredict", body=_dated(encoded.body), headers=()
            )
        method = "streamRawPredict" if call.is_stream else "rawPredict"
        headers = tuple(header for header in encoded.headers if header[0] != "anthropic-version")
        path = f"{place}/publishers/anthropic/models/{quote(model, safe='@')}:{method}"
        return encoded._replace(path=path, body=_claude(encoded.body), headers=headers)

    def address(self, channel: ChannelFacts, path: str) -> str:
        found = _PLACE.search(path)
        return (channel.base_url.rstrip("/") or host_of(found[1] if found else "global")) + path

    def token(self, channel: ChannelFacts, key: ChannelKey, now: float) -> Inquiry[Token]:
        """Sign an assertion by the service account's key and exchange it."""
        account = service_account(key)
        uri = str(account.get("token_uri") or _TOKEN_URI)
        form = urlencode({"grant_type": _GRANT, "assertion": _assertion(account, uri, int(now))}).encode()
        reply = yield UpstreamRequest("POST", uri, (("content-type", "application/x-www-form-urlencoded"),), form)
        return _token(reply)

    def sign(self, request: UpstreamRequest, channel: ChannelFacts, key: ChannelKey, now: float) -> UpstreamRequest:
        """Name the project in the address: the channel's, else the service account's."""
        project = channel.options.get("project") or service_account(key).get("project_id")
        return replace(request, url=request.url.replace(_NO_PROJECT, f"/projects/{quote(str(project), safe='')}/"))


def host_of(region: str) -> str:
    """Return the address of a region."""
    if region == "global":
        return "https://aiplatform.googleapis.com"
    return f"https://aiplatform.{region}.rep.googleapis.com" if region in {"us", "eu"} else f"https://{region}-aiplatform.googleapis.com"


def region_of(model: str, channel: ChannelFacts) -> str:
    """Return where a model runs: the first pattern of the channel's list that fits, else the channel's region."""
    for entry in str(channel.options.get("regions", "")).split(","):
        pattern, _, region = entry.strip().partition("=")
        if region and fnmatchcase(model, pattern.strip()):
            return region.strip()
    return str(channel.options.get("region") or "global").strip()


def service_account(key: ChannelKey) -> Mapping[str, Any]:
    """Return the service account in a key; raise TokenRefused where it is none."""
    try:
        account = orjson.loads(key.secret.reveal())
    except orjson.JSONDecodeError:
        raise _refused(_NOT_AN_ACCOUNT) from None
    needed = ("client_email", "private_key", "project_id")
    if not isinstance(account, dict) or account.get("type") != "service_account" or not all(account.get(name) for name in needed):
        raise _refused(_NOT_AN_ACCOUNT)
    return account


def _assertion(account: Mapping[str, Any], uri: str, now: int) -> str:
    claims = {"iss": account["client_email"], "scope": SCOPE, "aud": uri, "iat": now, "exp": now + _LIFETIME_SECONDS}
    try:
        signer = crypt.RSASigner.from_service_account_info(account)  # type: ignore[no-untyped-call]  # google-auth's own
        signed = jwt.encode(signer, claims)  # type: ignore[no-untyped-call]  # google-auth's own
    except (ValueError, KeyError, TypeError):
        # Google's errors may quote the key.
        raise _refused("The service account's private key cannot be read.") from None
    return bytes(signed).decode("ascii")


def _token(reply: Reply) -> Token:
    try:
        answer = orjson.loads(reply.body)
        if reply.status == 200:
            return Token(Secret(str(answer["access_token"])), float(answer.get("expires_in", _LIFETIME_SECONDS)))
    except (ValueError, KeyError, TypeError):
        answer = {}
    failure = failures.classify(reply.status, reply.body)
    if isinstance(answer, dict) and answer.get("error") in {"invalid_grant", "invalid_client", "unauthorized_client"}:
        failure = Failure(FailureKind.BAD_KEY, str(answer.get("error_description") or answer["error"])[:2000], status=reply.status)
    raise TokenRefused(failure)


def _refused(message: str) -> TokenRefused:
    return TokenRefused(Failure(FailureKind.BAD_KEY, message, was_sent=False))


def _with_roles(body: bytes) -> bytes:
    """Name the user's turns in a Gemini client's own body: AI Studio guesses them, Vertex refuses."""
    fields = orjson.loads(body)
    contents = fields.get("contents")
    turns = contents if isinstance(contents, list) else [contents]
    if all(not isinstance(turn, dict) or turn.get("role") for turn in turns):
        return body
    return orjson.dumps({**fields, "contents": [{"role": "user", **turn} if isinstance(turn, dict) else turn for turn in turns]})


def _uncovered(body: bytes) -> bytes:
    """Return what is to be counted as Vertex wants it: instructions and tools beside the contents."""
    fields = orjson.loads(body)
    return orjson.dumps({name: value for name, value in fields.get("generateContentRequest", fields).items() if name != "model"})


def _claude(body: bytes) -> bytes:
    fields = orjson.loads(_dated(body))
    fields.pop("model", None)
    return orjson.dumps(fields)


def _dated(body: bytes) -> bytes:
    return orjson.dumps({"anthropic_version": "vertex-2023-10-16", **orjson.loads(body)})
