"""The base of both back offices: sites and model pages that show staff only what is theirs.

The only module that names the admin theme. What Django's admin would leave open is closed here: its own login
(a second door without second factor), `view_on_site`, redirects instead of 404, foreign objects in filters and
choices, and `LogEntry`, which knows no tenant (staff's changes belong into the audit trail).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Generic, NoReturn, TypeVar, cast

from django.contrib.admin import FieldListFilter, RelatedOnlyFieldListFilter
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import FieldDoesNotExist
from django.db.models import ForeignKey, ManyToManyField, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.urls import URLPattern, URLResolver, reverse
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.sites import UnfoldAdminSite

from accounts import scope
from accounts.models import Membership
from accounts.scope import Actor

M = TypeVar("M", bound=Model)
P = TypeVar("P", bound=Model)
View = Callable[..., HttpResponseBase]


def actor_of(request: HttpRequest) -> Actor:
    """Return who acts in a back office request."""
    return cast(Actor, request.actor)  # type: ignore[attr-defined]  # set by ActorMiddleware


class TenantAdminSite(UnfoldAdminSite):
    """A back office; `is_platform` decides whether it is the platform's or the shops'."""

    is_platform: ClassVar[bool] = False
    site_url = "/"

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Send visitors to the one sign-in page, answer 404 to outsiders, and set the actor before anything else."""
        inner = super().admin_view(view, cacheable)

        def outer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), resolve_url("account_login"))
            self._enter(request)
            if not self.has_permission(request):
                raise Http404
            return cast(HttpResponseBase, inner(request, *args, **kwargs))

        # Django's CSRF middleware looks at the outermost function.
        outer.csrf_exempt = getattr(inner, "csrf_exempt", False)  # type: ignore[attr-defined]
        return outer

    def has_permission(self, request: HttpRequest) -> bool:
        """Let platform staff in; and into a shop's back office the staff of the shop."""
        actor = actor_of(request)
        return actor.is_platform or (actor.is_staff and not self.is_platform)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send to the one sign-in page; who is signed in goes in or finds nothing."""
        wanted = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index", current_app=self.name)
        if not request.user.is_authenticated:
            return redirect_to_login(wanted, resolve_url("account_login"))
        self._enter(request)
        if not self.has_permission(request):
            raise Http404
        return redirect(reverse("admin:index", current_app=self.name))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Sign out (by POST) and show the front page."""
        if request.method == "POST":
            logout(request)
        return redirect("/")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send to the one page where passwords are changed."""
        return redirect("account_change_password")

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Leave out the redirect to any object of any model."""
        return [url for url in super().get_urls() if getattr(url, "name", None) != "view_on_site"]

    def _enter(self, request: HttpRequest) -> None:
        actor = actor_of(request)
        if not self.is_platform:
            request.actor = scope.staff_actor(user=actor.user, tenant=actor.tenant)  # type: ignore[attr-defined]


class _Scoped:
    """Scoped rows, choices and permissions: shared by pages and inlines."""

    # Who may see, and who may change; by role at the tenant.
    view_roles: ClassVar[Sequence[str]] = Membership.STAFF_ROLES
    add_roles: ClassVar[Sequence[str]] = ("owner", "manager")
    change_roles: ClassVar[Sequence[str]] = ("owner", "manager")
    delete_roles: ClassVar[Sequence[str]] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return scope.narrow(actor_of(request), super().get_queryset(request))  # type: ignore[misc]

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **_narrowed(db_field, request, kwargs))  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(db_field, request, **_narrowed(db_field, request, kwargs))  # type: ignore[misc]

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return actor_of(request).role in self.view_roles

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return actor_of(request).role in self.add_roles

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return actor_of(request).role in self.change_roles

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return actor_of(request).role in self.delete_roles

    def has_module_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).role in self.view_roles


def _narrowed(db_field: ForeignKey[Any, Any] | ManyToManyField[Any, Any], request: HttpRequest, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the form field's arguments with only the actor's rows to choose from."""
    rows = kwargs.get("queryset")
    model = db_field.related_model
    narrow = scope.narrow(actor_of(request), model._default_manager.all() if rows is None else rows)
    return {**kwargs, "queryset": narrow}


class TenantModelAdmin(_Scoped, ModelAdmin, Generic[M]):
    """A model's pages in a back office."""

    view_on_site = False
    show_full_result_count = False
    list_filter_submit = False
    compressed_fields = True
    warn_unsaved_form = False

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Offer related objects only where they occur in rows the actor sees."""
        return [self._related_only(item) for item in super().get_list_filter(request)]

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """Keep a shop's new rows in the shop, whatever the form said."""
        actor = actor_of(request)
        if not change and not actor.is_platform and getattr(obj, "tenant_path", "") == "tenant":
            obj.tenant = actor.tenant  # type: ignore[attr-defined]  # tenant_path says so
        super().save_model(request, obj, form, change)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> None:
        """Write no LogEntry: it knows no tenant."""

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> None:
        """Write no LogEntry."""

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Model]) -> None:
        """Write no LogEntry."""

    def _get_obj_does_not_exist_redirect(self, *args: Any) -> NoReturn:
        """Answer 404 for a foreign object and for none, alike (Django would redirect to the index)."""
        raise Http404

    def _related_only(self, item: Any) -> str | tuple[str, type[FieldListFilter]]:
        if not isinstance(item, str):
            return cast(tuple[str, type[FieldListFilter]], item)
        try:
            field = get_fields_from_path(self.model, item)[-1]
        except FieldDoesNotExist:
            return item
        return (item, RelatedOnlyFieldListFilter) if field.is_relation else item


class TenantTabularInline(_Scoped, TabularInline, Generic[M, P]):
    """Rows of a related model as a table inside another model's page."""

    extra = 0
    view_on_site = False


class TenantStackedInline(_Scoped, StackedInline, Generic[M, P]):
    """Rows of a related model as small forms inside another model's page."""

    extra = 0
    view_on_site = False
