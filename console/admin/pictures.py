"""Pictures of a product, on its page in the back office: chosen as files, encoded anew, shown small."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminFileFieldWidget

from accounts.admin_scope import TenantTabularInline
from billing import pictures
from billing.models.goods import ProductPicture
from billing.models.shop import Product
from console.admin import texts


class PictureForm(forms.ModelForm[ProductPicture]):
    """A picture as a file; without a file the stored one stays."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        widget=UnfoldAdminFileFieldWidget,
        help_text=gettext_lazy("JPEG, PNG, WebP or GIF, up to 8 MB."),
    )

    encoded: pictures.Encoded | None = None

    class Meta:
        model = ProductPicture
        fields = ("alt", "sort")

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        file = values.get("file")
        if file is None and not self.instance.pk:
            raise ValidationError(_("Choose a file."))
        try:
            self.encoded = pictures.encode(file, size=file.size) if file is not None else None
        except pictures.BadPicture as error:
            self.add_error("file", str(error))
        return values

    def save(self, commit: bool = True) -> ProductPicture:
        picture: ProductPicture = super().save(commit=False)
        if self.encoded is not None:
            pictures.keep(picture, self.encoded)
        if commit:
            picture.save()
        return picture


class PictureInline(TenantTabularInline[ProductPicture, Product]):
    """The pictures of a product, the first one large."""

    model = ProductPicture
    form = PictureForm
    delete_roles = ("owner", "manager")
    max_num = pictures.MOST_EACH

    def get_fields(self, request: HttpRequest, obj: Product | None = None) -> tuple[Any, ...]:
        return ("shown", "file", "alt", *self._texts(request, obj), "sort")

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> tuple[Any, ...]:
        return ("shown", *(one for one in self._texts(request, obj) if callable(one)))

    def get_formset(self, request: HttpRequest, obj: Product | None = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, form=texts.worded(self, request, obj, form=PictureForm), **kwargs)

    def _texts(self, request: HttpRequest, obj: Product | None) -> list[Any]:
        return [one for language in texts.offered(request, obj) for one in texts.columns(self, request, obj, language)]

    @admin.display(description=gettext_lazy("picture"))
    def shown(self, picture: ProductPicture) -> SafeString | str:
        if not picture.pk:
            return "—"
        address = reverse("picture", kwargs={"name": picture.name, "size": "small"})
        return format_html('<img src="{}" alt="{}" height="64" class="k-thumb">', address, picture.alt)
