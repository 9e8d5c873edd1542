from django.contrib.auth.views import LogoutView
from django.urls import include, path

from webapp.pages.views import account, analyses, models, recordings

pages = [
    path("", recordings.recordings, name="recordings"),
    path("recordings/new/", recordings.upload, name="upload"),
    path("recordings/<uuid:pk>/video/", recordings.original, name="original"),
    path("recordings/<uuid:pk>/analyses/", recordings.again, name="again"),
    path("recordings/<uuid:pk>/delete/", recordings.delete, name="delete"),
    path("analyses/<uuid:pk>/", analyses.show, name="result"),
    path("analyses/<uuid:pk>/live/", analyses.live, name="live"),
    path("analyses/<uuid:pk>/agreement/", analyses.agreement, name="agreement"),
    path("analyses/<uuid:pk>/cancel/", analyses.cancel, name="cancel"),
    path("models/", models.models, name="models"),
    path("models/<str:name>/<str:version>/", models.model, name="model"),
    path("password/", account.Password.as_view(), name="password"),
    path("tokens/", account.tokens, name="tokens"),
    path("tokens/<int:pk>/revoke/", account.revoke, name="revoke"),
]

urlpatterns = [
    path("login/", account.Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("", include((pages, "pages"))),
]
