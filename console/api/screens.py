"""The words that no call of a shop's customers may hold, in the API; the form of the back office says what makes sense."""

from __future__ import annotations

from typing import Any

from django.forms import ModelForm
from rest_framework import serializers

from accounts import screens
from accounts.models import KeywordScreen
from console.admin.screens import KeywordScreenForm
from console.api.fields import Words
from console.api.rows import ForShop, documented
from console.api.services import FormRows, form_class


class ScreenForm(serializers.Serializer[Any]):
    """All the words; they are kept without case and width, each once."""

    words = serializers.ListField(child=Words(max_length=screens.LONGEST_WORD), max_length=screens.MOST_WORDS)


class ScreenNew(ForShop, ScreenForm):
    """The list of a shop: each has one."""


class ScreenShown(serializers.Serializer[Any]):
    """A list, and how many calls were refused by it."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    words = serializers.ListField(child=serializers.CharField(), source="listed")
    refused = serializers.IntegerField()


@documented("keyword_screens")
class KeywordScreensView(FormRows):
    """Words that no call may hold."""

    model = KeywordScreen
    serializer_class = ScreenShown
    related = ("tenant",)
    form, form_new = ScreenForm, ScreenNew

    def form_of(self, row: Any, data: dict[str, Any]) -> ModelForm[Any]:
        lines = {"words": "\n".join(data["words"])}
        form: ModelForm[Any] = form_class(KeywordScreenForm, KeywordScreen, "words")(lines, instance=row)
        return form
