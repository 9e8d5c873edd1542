"""The addresses of the pages."""

from django.contrib.auth.views import LogoutView
from django.urls import include, path

from webapp.pages import installation_views, model_views
from webapp.pages.account import api_token_views, login_views
from webapp.pages.account import views as account_views
from webapp.pages.recordings import list_views, project_views
from webapp.pages.recordings import views as recording_views
from webapp.pages.sharing import link_visitor_views
from webapp.pages.sharing import views as sharing_views
from webapp.pages.studies import (
    collection_link_views,
    collection_views,
    export_views,
    marker_views,
    name_pattern_views,
    participant_views,
    project_marker_views,
    quality_views,
    stimulus_views,
    transcript_views,
    variable_views,
)
from webapp.pages.studies import comparison_views as study_comparison_views
from webapp.pages.timeline import comparison_views
from webapp.pages.timeline import views as timeline_views
from webapp.pages.webhooks import views as webhook_views

pages = [
    path("", list_views.recording_list, name="recordings"),
    path("recordings/chosen/<str:name>/", list_views.bulk_action, name="bulk-action"),
    path("recordings/sample/", recording_views.sample, name="sample"),
    path("recordings/new/", recording_views.upload, name="upload"),
    path("recordings/<uuid:pk>/video/", recording_views.original_video, name="original"),
    path("recordings/<uuid:pk>/analyses/", recording_views.reanalyse, name="reanalyse"),
    path("recordings/<uuid:pk>/compare/", comparison_views.compare, name="compare"),
    path("recordings/<uuid:pk>/edit/", recording_views.edit_recording, name="edit"),
    path("recordings/<uuid:pk>/delete/", recording_views.delete_recording, name="delete"),
    path("analyses/<uuid:pk>/", timeline_views.result, name="result"),
    path("analyses/<uuid:pk>/live/", timeline_views.progress, name="progress"),
    path("analyses/<uuid:pk>/agreement/", timeline_views.agreement, name="agreement"),
    path("analyses/<uuid:pk>/carry-over/", timeline_views.carry_over, name="carry-over"),
    path("analyses/<uuid:pk>/baseline/", timeline_views.baseline, name="baseline"),
    path("analyses/<uuid:pk>/cancel/", timeline_views.cancel, name="cancel"),
    path("projects/", project_views.projects, name="projects"),
    path("projects/new/", project_views.new_project, name="new-project"),
    path("projects/<uuid:pk>/", project_views.project, name="project"),
    path("projects/<uuid:pk>/zip/", project_views.project_zip, name="project-zip"),
    path("projects/<uuid:pk>/delete/", project_views.delete_project, name="delete-project"),
    path("projects/<uuid:pk>/participants/", participant_views.participant_list, name="participants"),
    path("participants/<uuid:pk>/", participant_views.participant, name="participant"),
    path("participants/<uuid:pk>/merge/", participant_views.merge_participant, name="merge-participant"),
    path("participants/<uuid:pk>/delete/", participant_views.delete_participant, name="delete-participant"),
    path("projects/<uuid:pk>/variables/", variable_views.variable_list, name="variables"),
    path("projects/<uuid:pk>/variables/table/", variable_views.paste_values, name="paste-values"),
    path("variables/<uuid:pk>/", variable_views.variable, name="variable"),
    path("variables/<uuid:pk>/delete/", variable_views.delete_variable, name="delete-variable"),
    path("projects/<uuid:pk>/name-pattern/", name_pattern_views.name_project, name="name-pattern"),
    path("projects/<uuid:pk>/name-pattern/preview/", name_pattern_views.preview_names, name="preview-names"),
    path("projects/<uuid:pk>/markers/", project_marker_views.marker_list, name="project-markers"),
    path(
        "projects/<uuid:pk>/markers/import/",
        project_marker_views.import_project_markers,
        name="import-project-markers",
    ),
    path("projects/<uuid:pk>/stimuli/", stimulus_views.add_stimulus, name="add-stimulus"),
    path("stimuli/<uuid:pk>/", stimulus_views.edit_stimulus, name="edit-stimulus"),
    path("stimuli/<uuid:pk>/move/", stimulus_views.move_stimulus, name="move-stimulus"),
    path("stimuli/<uuid:pk>/delete/", stimulus_views.delete_stimulus, name="delete-stimulus"),
    path("recordings/<uuid:pk>/markers/", marker_views.recording_markers, name="recording-markers"),
    path("recordings/<uuid:pk>/markers/import/", marker_views.import_markers, name="import-markers"),
    path("markers/<uuid:pk>/", marker_views.marker, name="marker"),
    path("markers/<uuid:pk>/delete/", marker_views.delete_marker, name="delete-marker"),
    path("recordings/<uuid:pk>/transcript/", transcript_views.transcript, name="transcript"),
    path("recordings/<uuid:pk>/transcript/delete/", transcript_views.delete_transcript, name="delete-transcript"),
    path("recordings/<uuid:pk>/values/", participant_views.recording_values, name="recording-values"),
    path("projects/<uuid:pk>/collect/", collection_views.collect, name="collect"),
    path("collection-links/<uuid:pk>/close/", collection_views.close_link, name="close-collection-link"),
    path("collect/<str:secret>/", collection_link_views.begin, name="collection-link"),
    path("collect/<str:secret>/<uuid:pk>/", collection_link_views.record, name="collection-session"),
    path(
        "collect/<str:secret>/<uuid:pk>/stimuli/<uuid:stimulus>/",
        collection_link_views.stimulus,
        name="collection-stimulus",
    ),
    path("projects/<uuid:pk>/compare/", study_comparison_views.compare, name="project-compare"),
    path("projects/<uuid:pk>/compare/<uuid:comparison>/", study_comparison_views.comparison, name="comparison"),
    path("comparisons/<uuid:pk>/delete/", study_comparison_views.delete_comparison, name="delete-comparison"),
    path("projects/<uuid:pk>/quality/", quality_views.quality, name="project-quality"),
    path("projects/<uuid:pk>/export/", export_views.export, name="project-export"),
    path("shared/", sharing_views.shared_with_me, name="shared"),
    path("recordings/<uuid:pk>/sharing/", sharing_views.share_recording, name="share-recording"),
    path("projects/<uuid:pk>/sharing/", sharing_views.share_project, name="share-project"),
    path("shares/<uuid:pk>/revoke/", sharing_views.revoke, name="share-revoke"),
    path("link/<str:secret>/", link_visitor_views.open_link, name="link"),
    path("link/<str:secret>/analyses/<uuid:pk>/", link_visitor_views.result, name="link-result"),
    path("link/<str:secret>/analyses/<uuid:pk>/live/", link_visitor_views.progress, name="link-progress"),
    path("link/<str:secret>/analyses/<uuid:pk>/video/", link_visitor_views.video, name="link-video"),
    path("link/<str:secret>/analyses/<uuid:pk>/faces/", link_visitor_views.faces, name="link-faces"),
    path("link/<str:secret>/analyses/<uuid:pk>/chapters/", link_visitor_views.chapters, name="link-chapters"),
    path("link/<str:secret>/analyses/<uuid:pk>/export/<str:format>/", link_visitor_views.export, name="link-export"),
    path("tags/new/", project_views.new_tag, name="new-tag"),
    path("tags/<uuid:pk>/", project_views.tag, name="tag"),
    path("tags/<uuid:pk>/delete/", project_views.delete_tag, name="delete-tag"),
    path("models/", model_views.model_list, name="models"),
    path("models/<str:name>/<str:version>/", model_views.model_detail, name="model"),
    path("account/", account_views.account, name="account"),
    path("account/activity/", account_views.activity, name="activity"),
    path("account/export/", account_views.export_data, name="export-data"),
    path("account/delete/", account_views.delete_account, name="delete-account"),
    path("account/deleted/<str:token>/", account_views.deletion_progress, name="deletion-progress"),
    path("password/", login_views.ChangePasswordView.as_view(), name="password"),
    path("tokens/", api_token_views.tokens, name="tokens"),
    path("tokens/<int:pk>/revoke/", api_token_views.revoke_token, name="revoke-token"),
    path("installation/", installation_views.installation, name="installation"),
    path("webhooks/", webhook_views.webhook_list, name="webhooks"),
    path("webhooks/<uuid:pk>/", webhook_views.webhook_detail, name="webhook"),
    path("webhooks/<uuid:pk>/test/", webhook_views.send_test, name="webhook-test"),
    path("webhooks/<uuid:pk>/switch/", webhook_views.toggle, name="webhook-toggle"),
    path("webhooks/<uuid:pk>/secret/", webhook_views.rotate_secret, name="webhook-secret"),
    path("webhooks/<uuid:pk>/delete/", webhook_views.delete_webhook, name="webhook-delete"),
    path("webhooks/<uuid:pk>/deliveries/<uuid:delivery>/again/", webhook_views.redeliver, name="webhook-redeliver"),
]

urlpatterns = [
    path("login/", login_views.LoginView.as_view(), name="login"),
    path("login/", login_views.LoginView.as_view(), name="account_login"),  # as allauth calls it
    path("logout/", LogoutView.as_view(), name="logout"),
    path("", include((pages, "pages"))),
    path("", include("webapp.pages.account.allauth_urls")),
]
