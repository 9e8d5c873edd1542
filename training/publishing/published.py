"""Published results, for orientation beside our own."""

SPEECH = "58.1 % (RAVDESS-8, 5 actor folds, audio branch on 10 MFCC)"
EEG_WITHIN_SUBJECT = "60.0 % (EEGNet, EAV)"
BY_LABELS_AND_PART = {
    8: {
        "faces": "66.2 % (a CNN on FER-2013 PrivateTest)",
        "speech": SPEECH,
        "composed": "81.6 % (RAVDESS-8 recordings, 5 actor folds)",
    },
    5: {
        "composed": "58.4 % (EAV recordings, 6 unseen subjects)",
        "test trial": "39.4 % (EAV, 6 unseen subjects)",
        "audio-video alone": "58.4 % (EAV, 6 unseen subjects)",
        "eeg alone": "39.4 % (EAV, 6 unseen subjects)",
        "waver": "65.0 % (EAV, 600 clips)",
        "xgboost": "67.3 % (EAV, 600 clips)",
        "cnn": "68.3 % (EAV, 600 clips)",
    },
}
RECORDINGS = {
    "ravdess-8-intermediate-attention": "81.6 / 58.1 / 72.8 %",
    "ravdess-8-intermediate-attention-4-heads": "79.6 / 57.2 / 71.8 %",
    "ravdess-8-intermediate-transformer": "77.3 / 48.4 / 73.8 %",
    "ravdess-8-intermediate-transformer-4-heads": "78.9 / 44.3 / 74.9 %",
    "ravdess-8-late-transformer": "79.1 / 59.2 / 72.7 %",
    "ravdess-8-late-transformer-4-heads": "79.3 / 53.0 / 70.9 %",
    "ravdess-5-intermediate-attention": "92 % (16/4/4 actors)",
    "eav-5-intermediate-attention": "58.4 % (6 unseen subjects)",
    "eav-5-from-ravdess": "40.5 % (from RAVDESS-5)",
    "eav-eegnet-5": "39.4 % (6 unseen subjects)",
    "eav-fusion-cnn-5": "68.3 % (600 clips)",
}
"""Both modalities / voice / face of RAVDESS-8 are means of five folds of actors; a configuration fits one fold."""
