"""Apply for a shop of one's own below this tenant, and see what became of it."""

from __future__ import annotations

from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts import onboarding, tenants
from accounts.models import ShopApplication
from console.pages.door import MemberRequest, members_only
from foundation.forms import HouseForm


class ApplyForm(HouseForm):
    """What the shop is to be called, and what it is for."""

    name = forms.CharField(label=gettext_lazy("Name of the shop"), max_length=80)
    slug = forms.RegexField(
        r"^[a-z0-9](?:[a-z0-9-]{1,38}[a-z0-9])$",
        label=gettext_lazy("Short name"),
        help_text=gettext_lazy("Small letters, digits and dashes: it becomes part of the address and stays."),
    )
    about = forms.CharField(
        label=gettext_lazy("Whom do you want to sell to?"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )


@members_only
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: MemberRequest) -> HttpResponse:
    """Show the form and earlier applications; take a new one."""
    form = ApplyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            link = request.build_absolute_uri(reverse("console_apply"))
            onboarding.apply(seller=request.tenant, applicant=request.member.user, link=link, **form.cleaned_data)
        except tenants.SlugTaken:
            form.add_error("slug", _("This short name is taken."))
        except onboarding.AlreadyApplied:
            form.add_error(None, _("Your application waits already."))
        else:
            messages.success(request, _("Sent. You get a mail when it is decided."))
            return redirect("console_apply")
    rows = ShopApplication.objects.filter(seller=request.tenant, applicant=request.member.user).order_by("-pk")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    context = {"form": form, "rows": rows, "waits": any(row.state == "waiting" for row in rows)}
    return render(request, "console/apply.html", context, status=status)
