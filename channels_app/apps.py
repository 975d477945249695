"""Django's registration of this room."""

from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    name = "channels_app"
