"""The house's forms: classes on widgets, errors tied to their field."""

from __future__ import annotations

from django import forms

from foundation.forms import HouseForm, widget_classes


class Sample(HouseForm):
    name = forms.CharField(help_text="Any name.")
    agree = forms.BooleanField(required=False)
    size = forms.ChoiceField(choices=[("s", "small")])


def test_widgets_wear_the_class_of_their_kind() -> None:
    html = str(Sample())
    assert 'class="input w-full"' in html
    assert 'class="checkbox"' in html
    assert 'class="select w-full"' in html


def test_a_wrong_field_shows_its_error_and_points_to_it() -> None:
    html = str(Sample({"size": "s"}))
    assert 'class="input w-full input-error"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_error"' in html
    assert "This field is required." in html


def test_hidden_widgets_get_no_class() -> None:
    assert widget_classes(forms.HiddenInput(), has_errors=True) == ""
