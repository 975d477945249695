"""URLs of this room's pages: signing up, signing in, one's own account."""

from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from accounts import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/login/", views.SignInView.as_view(), name="account_login"),
    path("accounts/", include("allauth.urls")),
    path("setup/<str:token>/", views.set_up, name="accounts_setup"),
]
