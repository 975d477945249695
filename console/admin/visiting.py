"""See a customer's console from the back office: asked for with a reason, then opened read-only."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import middleware, visits
from accounts.admin_scope import actor_of
from accounts.models import Membership, User
from console.admin import pages
from console.admin.base import DeskAdmin
from console.admin.code_forms import ReasonForm


def begin(desk: DeskAdmin[Membership], request: HttpRequest, member: Membership) -> HttpResponse:
    """Ask why, begin the visit in this browser's session, and lead to the console."""
    back = pages.object_url(desk.admin_site.name, member)
    user = actor_of(request).user
    if not isinstance(user, User) or not visits.may_visit(user=user, member=member):
        messages.error(
            request, _("This console is not open to you: staff see those of active customers, the platform's staff all but their own.")
        )
        return redirect(back)
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        minutes = int(visits.LASTS.total_seconds() // 60)
        text = _(
            "You see the console as %(name)s does, for %(minutes)d minutes. Nothing can be changed and no secret is shown. "
            "%(name)s sees in their profile who looked, when, and the reason you write."
        ) % {"name": member, "minutes": minutes}
        title = _("See as customer")
        return pages.ask(request, desk, title=title, submit=title, form=form, explanation=text, back=back)
    visit = visits.begin(user=user, member=member, reason=form.cleaned_data["reason"], address=request.META.get("REMOTE_ADDR"))
    request.session[middleware.VISIT], request.session[middleware.VISIT_BACK] = visit.pk, back
    return redirect("console_dashboard")
