"""The one base form: house classes on widgets, house templates around fields; the admin's forms stay untouched."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import widgets
from django.forms.renderers import DjangoTemplates
from django.template import loader

_CLASS_OF_WIDGET: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.HiddenInput, ""),
    (forms.CheckboxSelectMultiple, ""),
    (forms.RadioSelect, "radio"),
    (forms.CheckboxInput, "checkbox"),
    (forms.Select, "select w-full"),
    (forms.Textarea, "textarea w-full"),
    (forms.FileInput, "file-input w-full"),
    (widgets.Input, "input w-full"),
)
_ERROR = {
    "radio": "radio-error",
    "checkbox": "checkbox-error",
    "select": "select-error",
    "textarea": "textarea-error",
    "file-input": "file-input-error",
    "input": "input-error",
}


def widget_classes(widget: forms.Widget, *, has_errors: bool = False) -> str:
    """Name the CSS classes of a widget: its kind, and the error look."""
    for kind, classes in _CLASS_OF_WIDGET:
        if isinstance(widget, kind):
            wrong = _ERROR.get(classes.split(" ")[0], "") if has_errors else ""
            return f"{classes} {wrong}".strip()
    return ""


class HouseField(forms.BoundField):
    """A bound field whose widget wears the house's classes."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        built = super().build_widget_attrs(attrs, widget)
        dressed = widget or self.field.widget
        own = str(dressed.attrs.get("class", ""))
        classes = f"{widget_classes(dressed, has_errors=bool(self.errors))} {own}".strip()
        return built | {"class": classes} if classes else built


class HouseRenderer(DjangoTemplates):
    """Django's own widget templates, our partials around them."""

    bound_field_class = HouseField
    form_template_name = "partials/form.html"
    field_template_name = "partials/field.html"

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        if template_name.startswith("partials/"):
            return loader.render_to_string(template_name, context, request=request)
        return super().render(template_name, context, request=request)


# One for all forms: each renderer keeps compiled widget templates of its own.
RENDERER = HouseRenderer()


class HouseForm(forms.Form):
    """Derive every form of our own pages from this."""

    default_renderer = RENDERER


class HouseModelForm(forms.ModelForm):  # type: ignore[type-arg]  # the model comes with each form's Meta
    """The same for forms of a model."""

    default_renderer = RENDERER
