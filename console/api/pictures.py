"""Pictures of products in the API: sent as base64, encoded anew, described and ordered, taken away."""

from __future__ import annotations

import io
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from billing import desk, pictures
from console.api import texts
from console.api.errors import Refused
from console.api.fields import File, Id, Place, Prose
from console.api.filters import Number
from console.api.rows import Deletable, EditableRows, TableRows, documented


class PictureForm(serializers.Serializer[Any]):
    """What can be set: the words for who does not see it, and its place; the first one is large."""

    alt = Prose(max_length=120, required=False)
    translations = texts.translations("Picture", desk.translatable("picture"))
    sort = Place(required=False)


class PictureNew(PictureForm):
    """A new picture: JPEG, PNG, WebP or GIF of up to 8 MB, in base64."""

    product = Id()
    file = File(most_bytes=pictures.MOST_BYTES)


class PictureShown(serializers.Serializer[Any]):
    """A picture; `large` and `small` are paths on the shop's host."""

    id = serializers.IntegerField(source="pk")
    product = serializers.IntegerField(source="product_id")
    alt = serializers.CharField()
    translations = texts.translations("Picture", desk.translatable("picture"))
    sort = serializers.IntegerField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    large = serializers.SerializerMethodField()
    small = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    def get_large(self, picture: Any) -> str:
        return reverse("picture", kwargs={"name": picture.name, "size": "large"})

    def get_small(self, picture: Any) -> str:
        return reverse("picture", kwargs={"name": picture.name, "size": "small"})


@documented("product_pictures")
class PicturesView(TableRows, EditableRows, Deletable):
    """Pictures."""

    subject = "products"
    table = "picture"
    related = ("product__tenant",)
    serializer_class = PictureShown
    form, form_new = PictureForm, PictureNew
    filters = (Number("product"),)

    def create(self, request: Request) -> Response:
        values = self.read(PictureNew)
        values["said"] = values.pop("translations", None)
        product, content = self.one(desk.rows("product"), values.pop("product")), values.pop("file")
        try:
            picture = pictures.add(product=product, file=io.BytesIO(content), size=len(content), **values)
        except pictures.BadPicture as error:
            raise Refused(str(error), field="file") from None
        self.record("add", picture, after=self.facts(picture))
        return Response(self.tell(picture), status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="product_pictures_delete", responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        pictures.discard(self.get_object())
        return super().destroy(request, pk)
