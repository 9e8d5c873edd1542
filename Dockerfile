# docker build --target cpu . (the default) or --target cuda: the same application, with another torch.
FROM python:3.11.17-slim-bookworm@sha256:0a310eeecf4e1f5a0743f9a6520c90c88d089c903ca5fd283f501e3a805f5f89 AS python
ENV PATH=/opt/venv/bin:$PATH \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONUNBUFFERED=1
WORKDIR /app

FROM python AS packages-cpu
# It has the build of torch that the lock names, gigabytes of CUDA smaller than the one on PyPI.
ARG PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
COPY requirements.lock .
# librosa compiles its filters on first use: done here, no worker waits for it.
RUN python -m venv /opt/venv \
    && pip install --require-hashes --requirement requirements.lock \
    && python -c 'import librosa, numpy; librosa.feature.mfcc(y=numpy.zeros(22050, dtype="float32"), sr=22050)'

FROM python AS packages-cuda
# For a driver that is too old for it: PyTorch's index of an older CUDA, such as https://download.pytorch.org/whl/cu126
# The lock has no hashes of that.
ARG PIP_EXTRA_INDEX_URL
COPY requirements-cuda.lock requirements.txt ./
# torch as it is on PyPI brings its CUDA libraries; the driver comes from the host, by the NVIDIA container toolkit.
RUN python -m venv /opt/venv \
    && if [ -n "$PIP_EXTRA_INDEX_URL" ]; then pip install --requirement requirements.txt; \
       else pip install --require-hashes --requirement requirements-cuda.lock; fi \
    && python -c 'import librosa, numpy; librosa.feature.mfcc(y=numpy.zeros(22050, dtype="float32"), sr=22050)'

FROM python AS application
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fontconfig fonts-dejavu-core libseccomp2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent emotrace \
    && install --directory --owner emotrace --group emotrace --mode 0700 /data
COPY manage.py pyproject.toml ./
COPY inference inference
COPY models_store models_store
COPY samples samples
COPY webapp webapp
ENV PYTHONDONTWRITEBYTECODE=1 \
    EMOTRACE_DATA_DIR=/data \
    EMOTRACE_STATIC_ROOT=/app/staticfiles \
    EMOTRACE_LOG_FORMAT=json \
    OPENBLAS_NUM_THREADS=1
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "--config", "python:webapp.config.gunicorn", "--bind", "0.0.0.0:8000"]

FROM application AS cuda
COPY --from=packages-cuda /opt/venv /opt/venv
RUN python manage.py collectstatic --noinput
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 10001

FROM application AS cpu
COPY --from=packages-cpu /opt/venv /opt/venv
RUN python manage.py collectstatic --noinput
USER 10001
