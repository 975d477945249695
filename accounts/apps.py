"""Django's registration of this room."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
