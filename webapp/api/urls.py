from django.urls import path, re_path

from webapp.api.views import analyses, auth, base, corrections, exports, models, recordings, uploads

app_name = "api"
urlpatterns = [
    path("auth/token/", auth.TokenView.as_view(), name="token"),
    path("recordings/", recordings.Recordings.as_view(), name="recordings"),
    path("recordings/<uuid:pk>/", recordings.OneRecording.as_view(), name="recording"),
    path("recordings/<uuid:pk>/analyses/", recordings.Rerun.as_view(), name="rerun"),
    path("uploads/", uploads.Uploads.as_view(), name="uploads"),
    path("uploads/<uuid:pk>/", uploads.OneUpload.as_view(), name="upload"),
    path("uploads/<uuid:pk>/eeg/", uploads.Eeg.as_view(), name="upload-eeg"),
    path("analyses/", analyses.Analyses.as_view(), name="analyses"),
    path("analyses/<uuid:pk>/", analyses.OneAnalysis.as_view(), name="analysis"),
    path("analyses/<uuid:pk>/cancel/", analyses.Cancel.as_view(), name="cancel"),
    path("analyses/<uuid:pk>/segments/", analyses.Segments.as_view(), name="segments"),
    path("analyses/<uuid:pk>/windows/", analyses.Windows.as_view(), name="windows"),
    path("analyses/<uuid:pk>/faces/", analyses.Faces.as_view(), name="faces"),
    path("analyses/<uuid:pk>/corrections/", corrections.Corrections.as_view(), name="corrections"),
    path("analyses/<uuid:pk>/video/", analyses.Video.as_view(), name="video"),
    path("analyses/<uuid:pk>/chapters/", analyses.Chapters.as_view(), name="chapters"),
    path("analyses/<uuid:pk>/export/<str:format>/", analyses.Export.as_view(), name="export"),
    path("exports/", exports.Exports.as_view(), name="exports"),
    path("segments/", analyses.FoundSegments.as_view(), name="all-segments"),
    path("models/", models.Models.as_view(), name="models"),
    re_path("", base.Nowhere.as_view()),
]
