"""Django's registration of this room."""

from django.apps import AppConfig
from django.core import checks

from channels_app.checks import check_providers


class ChannelsConfig(AppConfig):
    name = "channels_app"

    def ready(self) -> None:
        checks.register(check_providers)
