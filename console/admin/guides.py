"""The guides of `docs/channels/` in the back office: how to get a vendor's credentials, and what to type into its form."""

from __future__ import annotations

import functools
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt

from channels_app import registry
from channels_app.provider import Provider
from console.admin import pages

_FOLDER = settings.BASE_DIR / "docs/channels"


@functools.cache
def guided() -> tuple[Provider, ...]:
    """Return the vendors that have a guide."""
    return tuple(made for slug, made in registry.providers().items() if (_FOLDER / f"{slug}.md").is_file())


@functools.cache
def html_of(provider: str, language: str = "en") -> SafeString:
    """Return a vendor's guide as HTML; HTML inside it is shown, not obeyed. Raise Http404 where there is none."""
    if provider not in {made.slug for made in guided()}:
        raise Http404("no guide")
    chinese = _FOLDER / f"{provider}.zh.md"
    path = chinese if language.startswith("zh") and chinese.is_file() else _FOLDER / f"{provider}.md"
    text = path.read_text(encoding="utf-8")
    rendered: str = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return mark_safe(rendered)  # noqa: S308  # our own file, HTML off


class Guides:
    """What the list of channels gets: a page with all guides, one guide, and a link to it for a vendor's form."""

    admin_site: Any
    opts: Any

    actions_list: tuple[str, ...] = ("guides",)

    @pages.list_act(description=gettext_lazy("Guides"), icon="menu_book", permission="view")
    def guides(self, request: HttpRequest) -> HttpResponse:
        """Show one guide (`?provider=`), or the list of them."""
        provider = request.GET.get("provider", "")
        context = self.admin_site.each_context(request)
        title = registry.provider(provider).label if provider in registry.providers() else _("Guides")
        context.update(title=title, opts=self.opts, vendors=guided(), guide=html_of(provider, get_language() or "en") if provider else "")
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "console/admin/guide.html", context)

    def guide_link(self, provider: str) -> SafeString:
        """Return the link to a vendor's guide, or nothing."""
        if provider not in {made.slug for made in guided()}:
            return SafeString()
        address = reverse(f"{self.admin_site.name}:channels_app_channel_guides") + f"?provider={provider}"
        return format_html('<a class="k-link" href="{}">{}</a>', address, _("How to set this channel up, step by step"))
