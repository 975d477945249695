"""A form that takes a list of texts, one a line: pasted, or in a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminFileFieldWidget

from console.admin import pages

# 10,000 lines of a hundred characters and more.
MOST_BYTES = 2 * 1024 * 1024
_NAMED = 50


class PastedForm(pages.DeskForm):
    """Two places of which one is used; `text` of the cleaned data is what came, from either."""

    text = forms.CharField(
        label=gettext_lazy("One a line"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
    )
    file = forms.FileField(widget=UnfoldAdminFileFieldWidget, label=gettext_lazy("Or a file"), required=False)

    def clean_file(self) -> str:
        """Return the file's text."""
        file: Any = self.cleaned_data["file"]
        if file is None:
            return ""
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 2 MB: import it in parts."))
        try:
            return str(file.read(), "utf-8-sig")
        except UnicodeDecodeError:
            raise forms.ValidationError(_("The file is not text in UTF-8.")) from None

    def clean(self) -> dict[str, Any]:
        """Ask for lines from one of the two places."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if "file" not in self.errors and bool(values.get("text", "").strip()) == bool(values.get("file", "").strip()):
            self.add_error("text", _("Paste lines, or choose a file: one of the two."))
            return values
        return values | {"text": values.get("file") or values.get("text", "")}


def numbers(lines: Sequence[int]) -> str:
    """Name lines by their numbers, the first fifty of them."""
    return (", ".join(map(str, lines[:_NAMED])) + (" …" if len(lines) > _NAMED else "")) or "—"
