from django.contrib.auth.views import LogoutView
from django.urls import include, path

from webapp.pages import installation_views, model_views
from webapp.pages.account import login_views, token_views
from webapp.pages.account import views as account_views
from webapp.pages.recordings import list_views, project_views
from webapp.pages.recordings import views as recording_views
from webapp.pages.sharing import link_views
from webapp.pages.sharing import views as sharing_views
from webapp.pages.timeline import comparison_views
from webapp.pages.timeline import views as timeline_views
from webapp.pages.webhooks import views as webhook_views

pages = [
    path("", list_views.recordings, name="recordings"),
    path("recordings/chosen/<str:name>/", list_views.deed, name="deed"),
    path("recordings/sample/", recording_views.sample, name="sample"),
    path("recordings/new/", recording_views.upload, name="upload"),
    path("recordings/<uuid:pk>/video/", recording_views.original, name="original"),
    path("recordings/<uuid:pk>/analyses/", recording_views.again, name="again"),
    path("recordings/<uuid:pk>/compare/", comparison_views.compare, name="compare"),
    path("recordings/<uuid:pk>/edit/", recording_views.edit, name="edit"),
    path("recordings/<uuid:pk>/delete/", recording_views.delete, name="delete"),
    path("analyses/<uuid:pk>/", timeline_views.show, name="result"),
    path("analyses/<uuid:pk>/live/", timeline_views.live, name="live"),
    path("analyses/<uuid:pk>/agreement/", timeline_views.agreement, name="agreement"),
    path("analyses/<uuid:pk>/carry-over/", timeline_views.carry_over, name="carry-over"),
    path("analyses/<uuid:pk>/cancel/", timeline_views.cancel, name="cancel"),
    path("projects/", project_views.projects, name="projects"),
    path("projects/new/", project_views.new_project, name="new-project"),
    path("projects/<uuid:pk>/", project_views.project, name="project"),
    path("projects/<uuid:pk>/zip/", project_views.project_zip, name="project-zip"),
    path("projects/<uuid:pk>/delete/", project_views.delete_project, name="delete-project"),
    path("shared/", sharing_views.shared, name="shared"),
    path("recordings/<uuid:pk>/sharing/", sharing_views.of_recording, name="share-recording"),
    path("projects/<uuid:pk>/sharing/", sharing_views.of_project, name="share-project"),
    path("shares/<uuid:pk>/revoke/", sharing_views.revoke, name="share-revoke"),
    path("link/<str:secret>/", link_views.entrance, name="link"),
    path("link/<str:secret>/analyses/<uuid:pk>/", link_views.show, name="link-result"),
    path("link/<str:secret>/analyses/<uuid:pk>/live/", link_views.live, name="link-live"),
    path("link/<str:secret>/analyses/<uuid:pk>/video/", link_views.video, name="link-video"),
    path("link/<str:secret>/analyses/<uuid:pk>/faces/", link_views.faces, name="link-faces"),
    path("link/<str:secret>/analyses/<uuid:pk>/chapters/", link_views.chapters, name="link-chapters"),
    path("link/<str:secret>/analyses/<uuid:pk>/export/<str:format>/", link_views.export, name="link-export"),
    path("tags/new/", project_views.new_tag, name="new-tag"),
    path("tags/<uuid:pk>/", project_views.tag, name="tag"),
    path("tags/<uuid:pk>/delete/", project_views.delete_tag, name="delete-tag"),
    path("models/", model_views.models, name="models"),
    path("models/<str:name>/<str:version>/", model_views.model, name="model"),
    path("account/", account_views.account, name="account"),
    path("account/activity/", account_views.activity, name="activity"),
    path("account/export/", account_views.export, name="export"),
    path("account/delete/", account_views.delete, name="erase"),
    path("account/deleted/<str:token>/", account_views.deletion, name="deletion"),
    path("password/", login_views.Password.as_view(), name="password"),
    path("tokens/", token_views.tokens, name="tokens"),
    path("tokens/<int:pk>/revoke/", token_views.revoke, name="revoke"),
    path("installation/", installation_views.installation, name="installation"),
    path("webhooks/", webhook_views.webhooks, name="webhooks"),
    path("webhooks/<uuid:pk>/", webhook_views.webhook, name="webhook"),
    path("webhooks/<uuid:pk>/test/", webhook_views.test, name="webhook-test"),
    path("webhooks/<uuid:pk>/switch/", webhook_views.switch, name="webhook-switch"),
    path("webhooks/<uuid:pk>/secret/", webhook_views.secret, name="webhook-secret"),
    path("webhooks/<uuid:pk>/delete/", webhook_views.delete, name="webhook-delete"),
    path("webhooks/<uuid:pk>/deliveries/<uuid:delivery>/again/", webhook_views.again, name="delivery-again"),
]

urlpatterns = [
    path("login/", login_views.Login.as_view(), name="login"),
    path("login/", login_views.Login.as_view(), name="account_login"),  # as allauth calls it
    path("logout/", LogoutView.as_view(), name="logout"),
    path("", include((pages, "pages"))),
    path("", include("webapp.pages.account.allauth_urls")),
]
