"""Pictures of products, handed out by us wherever they are stored."""

from __future__ import annotations

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts import scope
from billing import pictures
from billing.models import ProductPicture
from billing.views.door import entering

log = structlog.get_logger(__name__)


@require_safe
def picture(request: HttpRequest, name: str, size: str) -> HttpResponse:
    """Give a picture of this shop's products, or of the products that a member of staff may see."""
    visitor = entering(request)
    found = ProductPicture.objects.filter(name=name)
    staff = scope.staff_actor(user=visitor.actor.user, tenant=visitor.tenant)
    own = found.filter(product__tenant=visitor.tenant).first() or scope.narrow(staff, found).first()
    if own is None or size not in pictures.SIZES:
        raise Http404
    try:
        content = pictures.read(own, size)
    except FileNotFoundError:
        log.warning("a picture's file is gone", picture=own.pk)
        raise Http404 from None
    response = HttpResponse(content, content_type="image/webp")
    # Its name changes with its content.
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Content-Disposition"] = "inline"
    return response
