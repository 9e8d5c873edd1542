from django.contrib.auth.views import LogoutView
from django.urls import include, path

from webapp.pages.views import account, analyses, compare, library, models, person, projects, recordings, webhooks

pages = [
    path("", library.recordings, name="recordings"),
    path("recordings/chosen/<str:name>/", library.deed, name="deed"),
    path("recordings/sample/", recordings.sample, name="sample"),
    path("recordings/new/", recordings.upload, name="upload"),
    path("recordings/<uuid:pk>/video/", recordings.original, name="original"),
    path("recordings/<uuid:pk>/analyses/", recordings.again, name="again"),
    path("recordings/<uuid:pk>/compare/", compare.compare, name="compare"),
    path("recordings/<uuid:pk>/edit/", recordings.edit, name="edit"),
    path("recordings/<uuid:pk>/delete/", recordings.delete, name="delete"),
    path("analyses/<uuid:pk>/", analyses.show, name="result"),
    path("analyses/<uuid:pk>/live/", analyses.live, name="live"),
    path("analyses/<uuid:pk>/agreement/", analyses.agreement, name="agreement"),
    path("analyses/<uuid:pk>/cancel/", analyses.cancel, name="cancel"),
    path("projects/", projects.projects, name="projects"),
    path("projects/new/", projects.new_project, name="new-project"),
    path("projects/<uuid:pk>/", projects.project, name="project"),
    path("projects/<uuid:pk>/zip/", projects.project_zip, name="project-zip"),
    path("projects/<uuid:pk>/delete/", projects.delete_project, name="delete-project"),
    path("tags/new/", projects.new_tag, name="new-tag"),
    path("tags/<uuid:pk>/", projects.tag, name="tag"),
    path("tags/<uuid:pk>/delete/", projects.delete_tag, name="delete-tag"),
    path("models/", models.models, name="models"),
    path("models/<str:name>/<str:version>/", models.model, name="model"),
    path("account/", person.account, name="account"),
    path("account/export/", person.export, name="export"),
    path("account/delete/", person.delete, name="erase"),
    path("password/", account.Password.as_view(), name="password"),
    path("tokens/", account.tokens, name="tokens"),
    path("tokens/<int:pk>/revoke/", account.revoke, name="revoke"),
    path("webhooks/", webhooks.webhooks, name="webhooks"),
    path("webhooks/<uuid:pk>/", webhooks.webhook, name="webhook"),
    path("webhooks/<uuid:pk>/test/", webhooks.test, name="webhook-test"),
    path("webhooks/<uuid:pk>/switch/", webhooks.switch, name="webhook-switch"),
    path("webhooks/<uuid:pk>/secret/", webhooks.secret, name="webhook-secret"),
    path("webhooks/<uuid:pk>/delete/", webhooks.delete, name="webhook-delete"),
    path("webhooks/<uuid:pk>/deliveries/<uuid:delivery>/again/", webhooks.again, name="delivery-again"),
]

urlpatterns = [
    path("login/", account.Login.as_view(), name="login"),
    path("login/", account.Login.as_view(), name="account_login"),  # as allauth calls it
    path("logout/", LogoutView.as_view(), name="logout"),
    path("", include((pages, "pages"))),
    path("", include("webapp.pages.account_urls")),
]
