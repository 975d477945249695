"""What the API's collections share: list, read, add, change and delete rows, each change with a line in the trail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar, cast

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit, scope
from accounts.models import Tenant
from billing import desk
from console.admin.base import facts, tenant_of
from console.api.base import CHANGERS, STAFF, ApiView
from console.api.fields import Words
from console.api.filters import Filter
from console.api.searching import SEARCH, is_searched
from foundation import checked

M = TypeVar("M", bound=Model)
V = TypeVar("V", bound="type[RowsView]")
Shape = type[serializers.Serializer[Any]]


class ForShop(serializers.Serializer[Any]):
    """Whose a new row is."""

    shop = serializers.RegexField(
        r"^[a-z0-9-]{1,40}$",
        required=False,
        help_text="The platform's staff only: the short name of the shop; the caller's own when left out.",
    )


class RowsView(ApiView):
    """Rows of the shop (`serializer_class` shows one of `model`), newest first; `filters` are the list's query parameters."""

    model: ClassVar[Any]
    read_roles: ClassVar[Sequence[str] | None] = STAFF
    write_roles: ClassVar[Sequence[str] | None] = CHANGERS
    related: ClassVar[tuple[str, ...]] = ()
    filters: ClassVar[Sequence[Filter]] = ()

    def rows(self) -> QuerySet[Any]:
        """Return the whole table; lists and objects are narrowed from it."""
        found: QuerySet[Any] = self.model._default_manager.all()
        return found

    def get_queryset(self) -> Any:
        return self.narrow(self.rows().select_related(*self.related).order_by("-pk"))

    def list(self, request: Request) -> Response:
        rows = self.get_queryset()
        for one in self.filters:
            rows = one.narrow(rows, request)
        return self.get_paginated_response([self.tell(row) for row in self.paginate_queryset(rows) or ()])

    def retrieve(self, request: Request, pk: Any) -> Response:
        return Response(self.tell(self.get_object()))

    def tell(self, row: Any) -> Any:
        """Return a row as it is shown."""
        shape: Any = self.serializer_class
        return shape(row).data

    def facts(self, row: Model) -> dict[str, Any]:
        """Return what the trail keeps of a row: plain fields, no secret."""
        return facts(row)

    def shop(self, slug: str | None) -> Tenant:
        """Return the shop a new row is for; 404 for one that is not the caller's."""
        if slug is None or slug == self.actor.tenant.slug:
            return self.actor.tenant
        found = scope.narrow(self.actor, Tenant.objects.filter(slug=slug)).first()
        if found is None:
            raise exceptions.NotFound(_("There is no such shop."))
        return found

    def of(self, rows: QuerySet[M], tenant: Tenant, number: int) -> M:
        """Return a row of the same shop that the body names by its number; 404 for any other."""
        return self.one(rows.filter(tenant=tenant), number)

    def one(self, rows: QuerySet[M], number: int) -> M:
        """Return a row that the body names by its number, of those the caller may see; 404 for any other."""
        found = self.narrow(rows.filter(pk=number)).first()
        if found is None:
            raise exceptions.NotFound(
                _("There is no %(kind)s %(number)d here.") % {"kind": rows.model._meta.verbose_name, "number": number}
            )
        return cast(M, found)

    def record(self, verb: str, row: Model, *, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None) -> None:
        """Write one line of the trail."""
        address = self.request.META.get("REMOTE_ADDR")
        action = f"{row._meta.model_name}.{verb}"
        audit.record(actor=self.actor, action=action, target=row, before=before, after=after, address=address, tenant=tenant_of(row))

    def record_change(self, row: Model, *, before: dict[str, Any], verb: str = "change") -> None:
        """Write the fields that differ from what was; nothing when none does."""
        after = self.facts(row)
        names = [name for name in after if after[name] != before.get(name)]
        if names:
            self.record(verb, row, before={name: before.get(name) for name in names}, after={name: after[name] for name in names})


class EditableRows(RowsView):
    """Rows whose fields are set as they are: `form` has the fields, `form_new` those of a new row (with `shop`)."""

    form: ClassVar[Shape]
    form_new: ClassVar[Shape]

    def create(self, request: Request) -> Response:
        values = self.read(self.form_new)
        row = self.new(self.shop(values.pop("shop", None)))
        self.put(row, values)
        self.record("add", row, after=self.facts(row))
        return Response(self.tell(row), status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: Any) -> Response:
        row = self.get_object()
        before = self.facts(row)
        self.put(row, self.read(self.form, partial=True))
        self.record_change(row, before=before)
        return Response(self.tell(row))

    def new(self, tenant: Tenant) -> Any:
        """Return an unsaved row of the tenant."""
        return self.rows().model(tenant=tenant)

    def put(self, row: Any, values: dict[str, Any]) -> None:
        """Set the values after the model's checks; its complaint becomes a refusal."""
        checked.save(row, values)


class TableRows(RowsView):
    """Rows of the shop that change by their own verbs, if at all; `table` is theirs."""

    table: ClassVar[desk.Table]

    def rows(self) -> QuerySet[Any]:
        return desk.rows(self.table)


class DeskRows(TableRows, EditableRows):
    """The same for tables of the shop."""

    table: ClassVar[desk.Kept]

    def new(self, tenant: Tenant) -> Any:
        return desk.new(self.table, tenant=tenant)

    def put(self, row: Any, values: dict[str, Any]) -> None:
        desk.put(row, values)


class Deletable(RowsView):
    """Rows that nothing else names: they may go."""

    def destroy(self, request: Request, pk: Any) -> Response:
        row = self.get_object()
        self.record("delete", row, before=self.facts(row))
        row.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class OwnRows(RowsView):
    """Rows of the person who calls, whatever the role; `model` has them."""

    subject = "account"
    read_roles = write_roles = None

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(user=self.member.user)

    @property
    def http(self) -> HttpRequest:
        """Return Django's own request, as verbs take it that write mails about what changed."""
        return self.request._request


class Reason(serializers.Serializer[Any]):
    """Why: kept with what is done."""

    reason = Words(max_length=200)


def documented(name: str, **more: Any) -> Callable[[V], V]:
    """Name a collection's operations in the schema: `<name>_list`, `_read`, `_create`, `_change`, `_delete`.

    Its list is searched where that of the back office is.
    """

    def dress(view: V) -> V:
        generic: Any = view
        if is_searched(generic().rows().model):
            generic.filters = (*generic.filters, SEARCH)
        shape = generic.serializer_class
        parameters = [one.parameter for one in view.filters]
        told = {"list": extend_schema(operation_id=f"{name}_list", parameters=parameters, responses=shape(many=True))}
        told["retrieve"] = extend_schema(operation_id=f"{name}_read", responses=shape)
        if issubclass(view, EditableRows):
            told["create"] = extend_schema(operation_id=f"{name}_create", request=view.form_new, responses={201: shape})
            told["partial_update"] = extend_schema(operation_id=f"{name}_change", request=view.form, responses=shape)
        if issubclass(view, Deletable):
            told["destroy"] = extend_schema(operation_id=f"{name}_delete", responses={204: None})
        dressed: V = extend_schema_view(**told | more)(view)
        return dressed

    return dress
