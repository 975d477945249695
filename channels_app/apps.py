"""Django's registration of this room."""

from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _

from channels_app.checks import check_providers


class ChannelsConfig(AppConfig):
    name = "channels_app"
    verbose_name = _("Channels")

    def ready(self) -> None:
        checks.register(check_providers)
