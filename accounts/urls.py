"""URLs of this room's pages: signing up, signing in, one's own account."""

from django.urls import include, path, re_path
from django.urls.resolvers import URLPattern, URLResolver

from accounts import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/login/", views.SignInView.as_view(), name="account_login"),
    path("accounts/2fa/", views.SecurityView.as_view(), name="mfa_index"),
    path("accounts/2fa/webauthn/add/", views.AddPasskeyView.as_view(), name="mfa_add_webauthn"),
    path("accounts/sessions/<int:pk>/end/", views.end_session, name="accounts_end_session"),
    path("accounts/", include("allauth.urls")),
    path("join/<str:token>/", views.join, name="accounts_join"),
    path("visit/end/", views.end_visit, name="accounts_end_visit"),
    path("legal/accept/", views.accept_terms, name="accounts_accept_terms"),
    path("legal/<slug:kind>/", views.legal_page, name="accounts_legal"),
    re_path(r"^human/(?P<token>[\w.=-]{1,400})\.(?P<kind>png|wav)$", views.human, name="accounts_human"),
    path("setup/<str:token>/", views.set_up, name="accounts_setup"),
]
