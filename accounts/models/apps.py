"""Sign-in with other services: a tenant's app at GitHub, Google, an OIDC provider, Feishu, DingTalk, WeChat or Telegram."""

from __future__ import annotations

from typing import ClassVar

from allauth.socialaccount.models import SocialApp
from django.utils.translation import gettext_lazy as _


class SignInApp(SocialApp):
    """allauth's row; `settings["tenant"]` is whose it is, `settings["sealed"]` its secret, `secret` itself stays empty."""

    tenant_path: ClassVar[str] = "settings__tenant"

    class Meta:
        proxy = True
        verbose_name = _("sign-in service")
        verbose_name_plural = _("sign-in services")
