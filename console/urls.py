"""URLs of this room's pages."""

from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from console.pages import site

urlpatterns: list[URLPattern | URLResolver] = [
    path("", site.landing, name="landing"),
    path("brand.css", site.brand_css, name="brand_css"),
    path("theme/", site.set_theme, name="set_theme"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("healthz", site.healthz, name="healthz"),
    path("styleguide/", site.styleguide, name="styleguide"),
]
