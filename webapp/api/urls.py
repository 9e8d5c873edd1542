from django.urls import path, re_path

from webapp.api.views import account, analyses, auth, base, exports, models, order, recordings, uploads, webhooks

app_name = "api"
urlpatterns = [
    path("auth/token/", auth.TokenView.as_view(), name="token"),
    path("account/", account.AccountView.as_view(), name="account"),
    path("recordings/", recordings.Recordings.as_view(), name="recordings"),
    path("recordings/<uuid:pk>/", recordings.OneRecording.as_view(), name="recording"),
    path("recordings/<uuid:pk>/analyses/", recordings.Rerun.as_view(), name="rerun"),
    path("projects/", order.Projects.as_view(), name="projects"),
    path("projects/<uuid:pk>/", order.OneProject.as_view(), name="project"),
    path("tags/", order.Tags.as_view(), name="tags"),
    path("tags/<uuid:pk>/", order.OneTag.as_view(), name="tag"),
    path("uploads/", uploads.Uploads.as_view(), name="uploads"),
    path("uploads/<uuid:pk>/", uploads.OneUpload.as_view(), name="upload"),
    path("uploads/<uuid:pk>/eeg/", uploads.Eeg.as_view(), name="upload-eeg"),
    path("analyses/", analyses.Analyses.as_view(), name="analyses"),
    path("analyses/<uuid:pk>/", analyses.OneAnalysis.as_view(), name="analysis"),
    path("analyses/<uuid:pk>/cancel/", analyses.Cancel.as_view(), name="cancel"),
    path("analyses/<uuid:pk>/segments/", analyses.Segments.as_view(), name="segments"),
    path("analyses/<uuid:pk>/windows/", analyses.Windows.as_view(), name="windows"),
    path("analyses/<uuid:pk>/video/", analyses.Video.as_view(), name="video"),
    path("analyses/<uuid:pk>/chapters/", analyses.Chapters.as_view(), name="chapters"),
    path("analyses/<uuid:pk>/export/<str:format>/", analyses.Export.as_view(), name="export"),
    path("exports/", exports.Exports.as_view(), name="exports"),
    path("segments/", analyses.FoundSegments.as_view(), name="all-segments"),
    path("models/", models.Models.as_view(), name="models"),
    path("webhooks/", webhooks.Webhooks.as_view(), name="webhooks"),
    path("webhooks/<uuid:pk>/", webhooks.OneWebhook.as_view(), name="webhook"),
    path("webhooks/<uuid:pk>/secret/", webhooks.NewSecret.as_view(), name="webhook-secret"),
    path("webhooks/<uuid:pk>/test/", webhooks.Test.as_view(), name="webhook-test"),
    path("webhooks/<uuid:pk>/deliveries/", webhooks.Deliveries.as_view(), name="deliveries"),
    path("webhooks/<uuid:pk>/deliveries/<uuid:delivery>/again/", webhooks.Again.as_view(), name="delivery-again"),
    re_path("", base.Nowhere.as_view()),
]
