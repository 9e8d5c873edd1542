"""Workers within a moment: forks of a process that has imported what they need.

For each line on standard input it starts one, and answers with its process id.
"""

import os
import signal
import sys

import librosa
import numpy as np
from django.conf import settings

import inference.pipeline  # noqa: F401
from tests.faults.fault_injector import app
from webapp.local.embedded.server import die_with_parent

QUEUES = f"{settings.INFERENCE_QUEUE},{settings.RENDER_QUEUE},{settings.WEBHOOK_QUEUE}"


# As `make serve` starts them.
QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")


def main() -> None:
    app.loader.import_default_modules()
    librosa.feature.mfcc(y=np.zeros(22050, dtype=np.float32), sr=22050)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    die_with_me = die_with_parent(signal.SIGKILL)
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            die_with_me()
            os.dup2(os.open(os.devnull, os.O_RDWR), 0)
            os.dup2(0, 1)  # the answers are not for it to write
            app.worker_main(["worker", "--pool", "solo", "--queues", QUEUES, *QUIET])
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
