"""Django's registration of this room."""

from django.apps import AppConfig


class FoundationConfig(AppConfig):
    name = "foundation"
