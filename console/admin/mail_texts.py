"""A shop's own texts of its mails: all mails at a glance, edited with the list of names, looked at, tried, given up again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.forms import ModelForm, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from accounts import mail_texts
from accounts.admin_scope import actor_of
from accounts.mail_kinds import MAILS, NAMES
from accounts.models import MailText, Tenant
from billing import mail_samples
from console.admin import pages
from console.admin.base import DeskAdmin, TenantColumn
from console.admin.figures import label

PROBLEM_LABELS = {"own": "success", "broken": "danger"}


class MailTextForm(ModelForm[MailText]):
    """Refuses words that could not be filled in."""

    tenant_of_actor: Tenant
    is_platform: bool
    template = forms.ChoiceField(label=gettext_lazy("Mail"), widget=UnfoldAdminSelectWidget)
    body = forms.CharField(
        label=gettext_lazy("Text"), required=False, max_length=20_000, strip=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 14}),
        help_text=gettext_lazy("Empty: the built-in text."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["template"]
        field.choices = [(template, mail.label) for template, mail in MAILS.items() if self.is_platform or not mail.by_platform]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        template = values.get("template")
        if not template:
            return values
        wrong = mail_texts.problems(template=template, subject=values.get("subject") or "", body=values.get("body") or "")
        for name, text in wrong.items():
            self.add_error(name, text)
        twins = MailText.objects.filter(
            tenant=values.get("tenant") or self.tenant_of_actor, template=template, language=values.get("language") or ""
        )
        if "tenant" not in self.fields and twins.exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("There is a text for this mail in this language already."))
        return values


class MailTextAdmin(TenantColumn, DeskAdmin[MailText]):
    """What a shop's mails say; without a row here they say the built-in text."""

    form = MailTextForm
    list_display = ("mail", "language", "state_label", "changed_at")
    list_filter = ("language",)
    list_select_related = ("tenant",)
    ordering = ("template", "language")
    delete_roles = ("owner", "manager")
    actions_detail = ("send_test", "give_up")
    actions_list = ("look",)
    list_before_template = "console/admin/mail_texts.html"
    change_form_after_template = "console/admin/mail_text_names.html"

    def get_fields(self, request: HttpRequest, obj: MailText | None = None) -> Any:
        whose = ("tenant",) if actor_of(request).is_platform and obj is None else ()
        return (*whose, "template", "language", "subject", "body")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(
            form.__name__,
            (form,),
            {"tenant_of_actor": obj.tenant if obj else actor_of(request).tenant, "is_platform": actor_of(request).is_platform},
        )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the built-in text, where the address names a mail and a language."""
        template, language = _asked(request)
        subject, body = mail_texts.built_in(template, language=language)
        return {"tenant": actor_of(request).tenant.pk, "template": template, "language": language, "subject": subject, "body": body}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **self._overview(request)})
        return response

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id) if object_id else None
        template = row.template if row else _asked(request)[0]
        names = [(f"{{{{ {name} }}}}", NAMES[name].meaning) for name in MAILS[template].names]
        told = {
            "names": names,
            "mail_name": MAILS[template].label,
            "preview_url": reverse(f"{self.admin_site.name}:accounts_mailtext_look"),
        }
        return super().changeform_view(request, object_id, form_url, {**told, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A changed text has a new chance."""
        super().save_model(request, obj, form, change)
        if change:
            obj.problem = ""
            obj.save(update_fields=["problem", "changed_at"])

    @pages.list_act(description=gettext_lazy("Preview"), icon="visibility")
    def look(self, request: HttpRequest) -> HttpResponse:
        """Show the text of the form, saved or not, with examples in place of its names."""
        template, language = _asked(request)
        values = request.POST if request.method == "POST" else {}
        subject, body = str(values.get("subject", "")), str(values.get("body", ""))
        wrong = mail_texts.problems(template=template, subject=subject, body=body)
        if wrong:
            return pages.result(request, self, title=_("Preview"), explanation=" ".join(wrong.values()))
        shop = actor_of(request).tenant
        amounts = mail_samples.of(template, tenant=shop, language=language)
        told = mail_texts.preview(template, language=language, subject=subject, body=body, shop=shop.name, amounts=amounts)
        boxes = [pages.Box(_("Subject"), told[0]), pages.Box(_("Text"), told[1])]
        facts = [(_("Mail"), MAILS[template].label), (_("Language"), dict(settings.LANGUAGES)[language])]
        return pages.result(request, self, title=_("Preview"), boxes=boxes, facts=facts)

    @pages.act(description=gettext_lazy("Send a test to me"), icon="send")
    def send_test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Mail the text with examples to who asks, the way customers' mails go."""
        row = self.subject(request, object_id)
        address = getattr(request.user, "email", "") or ""
        if request.method != "POST":
            text = _("It goes to %s, with examples in place of the names.") % (address or "—")
            title = _("Send a test of %s") % self.mail(row)
            back = pages.object_url(self.admin_site.name, row)
            return pages.ask(request, self, title=title, submit=_("Send"), explanation=text, back=back)
        if address:
            amounts = mail_samples.of(row.template, tenant=row.tenant, language=row.language)
            mail_texts.send_sample(text=row, to=address, amounts=amounts)
            self.record(request, "test", row, after={"to": address})
            self.message_user(request, _("A test is on its way to %s.") % address)
        else:
            self.message_user(request, _("Your account has no e-mail address."), level="error")
        return redirect(pages.object_url(self.admin_site.name, row))

    @pages.act(description=gettext_lazy("Back to the built-in text"), icon="undo")
    def give_up(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Forget the own text; the trail keeps it."""
        row = self.subject(request, object_id)
        if request.method != "POST":
            back = pages.object_url(self.admin_site.name, row)
            title = _("Back to the built-in text of %s") % self.mail(row)
            return pages.ask(request, self, title=title, submit=_("Back to the built-in text"), back=back, is_danger=True)
        self.delete_model(request, row)
        self.message_user(request, _("The built-in text is sent from now on."))
        return redirect(pages.list_url(self))

    def mail(self, row: MailText) -> str:
        return str(MAILS[row.template].label) if row.template in MAILS else row.template

    mail.short_description = gettext_lazy("mail")  # type: ignore[attr-defined]  # read by Django's admin

    @label(description=gettext_lazy("state"), colours=PROBLEM_LABELS)
    def state_label(self, row: MailText) -> tuple[str, str]:
        return ("broken", _("cannot be used: %s") % row.problem) if row.problem else ("own", _("own text"))

    def _overview(self, request: HttpRequest) -> dict[str, Any]:
        """Return all mails with a link for each language, to the own text or to a new one that begins with the built-in."""
        site, shop = self.admin_site.name, actor_of(request).tenant
        own = {(row.template, row.language): row for row in MailText.objects.filter(tenant=shop)}
        add = reverse(f"{site}:accounts_mailtext_add")
        table = []
        for template, mail in MAILS.items():
            if mail.by_platform and not shop.is_root:
                continue
            cells = []
            for language, _name in settings.LANGUAGES:
                row = own.get((template, language))
                link = pages.object_url(site, row) if row else f"{add}?template={template}&language={language}"
                cells.append({"link": link, "is_own": row is not None, "is_broken": bool(row and row.problem)})
            table.append({"label": mail.label, "cells": cells})
        return {"mails": table, "languages": [name for _code, name in settings.LANGUAGES], "shop": shop}


def _asked(request: HttpRequest) -> tuple[str, str]:
    """Return the mail and the language a request names; the first ones where it names none that exists."""
    asked = request.POST if request.method == "POST" else request.GET
    template, language = asked.get("template", ""), asked.get("language", "")
    return template if template in MAILS else next(iter(MAILS)), language if language in dict(settings.LANGUAGES) else settings.LANGUAGES[
        0
    ][0]
