"""Published results, for orientation beside our own."""

SPEECH = "58.1 % (RAVDESS-8, 5 actor folds, same network, 10 MFCC)"
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
