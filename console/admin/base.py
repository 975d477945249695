"""What every subject of the back office shares: bounded lists, and a trail of every change by staff."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.contrib.admin.utils import unquote
from django.contrib.postgres.fields import ArrayField
from django.core.paginator import Paginator
from django.db.models import Field, Model, Q, QuerySet
from django.forms import BaseModelFormSet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts import audit
from accounts.admin_scope import TenantModelAdmin, actor_of
from accounts.models import AuditEvent, Tenant

M = TypeVar("M", bound=Model)
# Never written into the trail, whatever the model.
SECRET_FIELDS = frozenset(
    {"password", "digest", "previous_digest", "sealed", "secret", "salt", "capability_digest", "capability_sealed", "delivery_sealed"}
)


class BoundedPaginator(Paginator[Any]):
    """Counts at most 10,000 rows, so that neither COUNT nor OFFSET grows with the table."""

    limit = 10_000

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Model] = self.object_list  # type: ignore[assignment]  # lists of the admin are querysets
        return rows.order_by()[: self.limit].count()


class DeskList(ChangeList):
    """A list whose header says "show all" only where something is hidden."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count


class DeskAdmin(TenantModelAdmin[M]):
    """A tenant-scoped admin whose every change is in the audit trail, in the transaction of the change."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    paginator = BoundedPaginator
    view_on_site = False
    list_filter_sheet = False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DeskList

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Type lists of words in one line, with commas."""
        if isinstance(db_field, ArrayField):
            return db_field.formfield(widget=UnfoldAdminTextInputWidget, help_text=_("Several with commas between them."))
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            self.record(request, "add", obj, after=self.facts(obj))
            return
        before = self.facts(self.model._base_manager.get(pk=obj.pk))
        columns = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=[name for name in form.changed_data if name in columns])
        self.record_change(request, "change", obj, before=before)

    def delete_model(self, request: HttpRequest, obj: M) -> None:
        self.record(request, "delete", obj, before=self.facts(obj))
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[M]) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: BaseModelFormSet[Any, Any], change: bool) -> None:
        stored = {obj.pk: self.facts(obj) for obj in formset.queryset or ()}
        super().save_formset(request, form, formset, change)
        for obj in formset.new_objects:
            self.record(request, "add", obj, after=self.facts(obj))
        for obj, _names in formset.changed_objects:
            self.record_change(request, "change", obj, before=stored.get(obj.pk, {}))
        for obj in formset.deleted_objects:
            self.record(request, "delete", obj, before=self.facts(obj))

    def facts(self, obj: Model) -> dict[str, Any]:
        """Return what the trail keeps of an object: plain fields, no secret."""
        return facts(obj)

    def record(
        self, request: HttpRequest, action: str, obj: Model, *, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
    ) -> None:
        """Write one line of the trail: `action` is a plain verb, the object's kind is put before it."""
        audit.record(
            actor=actor_of(request),
            action=f"{obj._meta.model_name}.{action}",
            target=obj,
            before=before,
            after=after,
            address=request.META.get("REMOTE_ADDR"),
            tenant=tenant_of(obj),
        )

    def record_change(self, request: HttpRequest, action: str, obj: Model, *, before: dict[str, Any]) -> None:
        """Write the fields that differ from what was; nothing when none does."""
        after = self.facts(obj)
        names = [name for name in after if after[name] != before.get(name)]
        if names:
            self.record(request, action, obj, before={n: before.get(n) for n in names}, after={n: after[n] for n in names})

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Answer 404 for a foreign object before Django asks for permissions and answers 403."""
        if object_id is not None and request.method == "POST":
            self.subject(request, object_id)
        answer: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        return answer

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer 404 for a foreign object, as above."""
        self.subject(request, object_id)
        answer: HttpResponse = super().delete_view(request, object_id, extra_context)
        return answer

    def has_act_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let those act on an object who could change it, also where its rows are never edited by hand."""
        return actor_of(request).role in self.change_roles

    def subject(self, request: HttpRequest, object_id: str) -> M:
        """Return the object of an act page, or 404 when it is not this actor's."""
        obj: M | None = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        return obj

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        obj = self.subject(request, object_id)
        if not self.has_view_permission(request, obj):
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": _("History: %s") % obj,
            "opts": self.opts,
            "object": obj,
            "events": AuditEvent.objects.filter(target=name_of(obj)).select_related("actor")[:200],
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "console/admin/history.html", context)


class IdFilter(admin.SimpleListFilter):
    """Rows that belong to the object whose number stands in the address (`paths`: the columns); offers no choices of its own."""

    paths: ClassVar[tuple[str, ...]] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = request.GET.get(self.parameter_name or "", "")
        return [(value, f"#{value}")] if value.isdecimal() else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None or not value.isdecimal() or len(value) > 18:
            return queryset
        wanted = Q()
        for path in self.paths:
            wanted |= Q(**{path: int(value)})
        return queryset.filter(wanted)


class TenantColumn:
    """A list that names the tenant behind its first column where the platform looks: there it spans all shops."""

    list_display: Any

    def get_list_display(self, request: HttpRequest) -> list[str]:
        columns = list(self.list_display)
        return [columns[0], "tenant", *columns[1:]] if actor_of(request).is_platform else columns


class ReadOnly:
    """Rows that are looked at and never edited here: usage, ledger, trail."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def name_of(obj: Model) -> str:
    """Return how the trail names an object: `accounts.apikey:12`."""
    return f"{obj._meta.label_lower}:{obj.pk}"


def facts(obj: Model) -> dict[str, Any]:
    """Return an object's plain fields as JSON values, without secrets."""
    return {
        field.name: _plain(field, obj) for field in obj._meta.concrete_fields if field.name not in SECRET_FIELDS and not field.primary_key
    }


def tenant_of(obj: Model) -> Tenant | None:
    """Return the tenant an object belongs to, by the path its model declares; None for a global one."""
    if isinstance(obj, Tenant):
        return obj
    path = getattr(type(obj), "tenant_path", "tenant")
    value: Any = obj
    for step in path.split("__"):
        value = getattr(value, step, None)
    return value if isinstance(value, Tenant) else None


def _plain(field: Field[Any, Any], obj: Model) -> Any:
    value = field.value_from_object(obj)
    return value if value is None or isinstance(value, bool | int | str | list | dict) else str(value)
