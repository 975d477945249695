"""Django's registration of this room."""

from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "gateway"
