"""What people send. The recordings' own checks judge the files; here is said which field each of them concerns."""

from typing import Any

from django import forms
from django.contrib.auth.forms import PasswordChangeForm

from inference.errors import Code, InputError
from webapp.recordings import consent
from webapp.recordings.services import Upload

NO_CONSENT = "Without this agreement nothing can be stored or read. Tick the box if it was given."
FIELDS = {
    Code.NOT_AUDIO: "audio",
    Code.AUDIO_SIZE: "audio",
    Code.AUDIO_LENGTH: "audio",
    Code.NOT_MAT: "eeg",
    Code.MAT_OBJECTS: "eeg",
    Code.EEG_CHANNELS: "eeg",
    Code.EEG_NOT_FINITE: "eeg",
    Code.EEG_LENGTH: "eeg",
    Code.EEG_TRIAL: "eeg_trial",
    Code.EEG_SAMPLING_RATE: "eeg_sfreq",
    Code.UNKNOWN_MODEL: "model",
    Code.MODEL_UNSUITED: "model",
}

# For the page's script: what each code concerns.
CONCERNED = {str(code): FIELDS.get(code, "video") for code in Code}

FILES = ("video", "audio", "eeg")


class UploadForm(forms.Form):
    video = forms.FileField(
        allow_empty_file=True, error_messages={"required": "There is no video yet. Choose the file to analyse."}
    )
    audio = forms.FileField(required=False, allow_empty_file=True)
    eeg = forms.FileField(required=False, allow_empty_file=True)
    eeg_trial = forms.IntegerField(
        required=False,
        min_value=1,
        error_messages={
            "invalid": "This is no number. Trials are counted 1, 2, 3 …",
            "min_value": "Trials are counted from 1.",
        },
    )
    eeg_sfreq = forms.FloatField(
        required=False,
        error_messages={"invalid": "This is no number. Write the samples taken in a second, such as 500."},
    )
    title = forms.CharField(required=False, max_length=200)
    model = forms.CharField(required=False)
    consent = forms.BooleanField(label=consent.TEXT, error_messages={"required": NO_CONSENT})

    def upload(self) -> Upload:
        """What was sent, of a valid form."""
        return Upload(**{name: self.cleaned_data[name] for name in ("video", "audio", "eeg", "eeg_trial", "eeg_sfreq")})

    def refuse(self, error: InputError) -> None:
        """Say what is wrong with the input at the field it concerns."""
        self.add_error(self._field(error.code), error.message)

    def _field(self, code: Code) -> str:
        sizes: dict[str, int] = {name: self.cleaned_data[name].size for name in FILES if self.cleaned_data[name]}
        if code is Code.EMPTY_FILE:
            return min(sizes, key=lambda name: sizes[name])
        if code is Code.TOO_LARGE:
            return max(sizes, key=lambda name: sizes[name])
        return FIELDS.get(code, "video")


class TokenForm(forms.Form):
    name = forms.CharField(max_length=100)


class PasswordForm(PasswordChangeForm):
    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        old = self.cleaned_data.get("old_password")
        if old and old == self.cleaned_data.get("new_password1"):
            self.add_error("new_password1", "This is the old password. Choose another one.")
        return cleaned
