"""The words that no call of a shop's customers may hold: one list a shop, typed one a line."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm, ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import screens
from accounts.admin_scope import actor_of
from accounts.models import KeywordScreen
from console.admin.base import DeskAdmin, TenantColumn

HELP = gettext_lazy(
    "One a line, at most 1,000 of 64 characters. A call that holds one, also inside a longer word, is refused before it costs anything "
    "and before a provider sees it. Case and width make no difference. The words count for sub-shops too."
)


class KeywordScreenForm(ModelForm[KeywordScreen]):
    """Tidies the words."""

    def clean_words(self) -> str:
        try:
            return "\n".join(screens.clean(str(self.cleaned_data["words"]).splitlines()))
        except screens.TooLong as error:
            raise ValidationError(_("A word is longer than 64 characters: %s…") % error) from None
        except screens.TooMany:
            raise ValidationError(_("There are more than 1,000 words.")) from None


class KeywordScreenAdmin(TenantColumn, DeskAdmin[KeywordScreen]):
    """A shop's list; owners and managers change it."""

    form = KeywordScreenForm
    list_display = ("how_many", "refused")
    list_select_related = ("tenant",)
    ordering = ("id",)
    readonly_fields = ("refused",)
    delete_roles = ("owner", "manager")

    def get_fields(self, request: HttpRequest, obj: KeywordScreen | None = None) -> Any:
        whose = ("tenant",) if actor_of(request).is_platform else ()
        return (*whose, "words", *(("refused",) if obj else ()))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change=change, help_texts={"words": HELP}, **kwargs)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A shop has one."""
        actor = actor_of(request)
        is_there = not actor.is_platform and KeywordScreen.objects.filter(tenant=actor.tenant).exists()
        return not is_there and super().has_add_permission(request, obj)

    @admin.display(description=gettext_lazy("words"))
    def how_many(self, row: KeywordScreen) -> int:
        return len(row.listed)
