# syntax=docker/dockerfile:1
FROM python:3.11-slim AS build
# torch comes without CUDA where an index of CPU builds is named: --build-arg PIP_EXTRA_INDEX_URL=...
ARG PIP_EXTRA_INDEX_URL=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.txt .
RUN pip install --requirement requirements.txt
# librosa compiles its filters on first use: done here, no worker waits for it.
RUN python -c 'import librosa, numpy; librosa.feature.mfcc(y=numpy.zeros(22050, dtype="float32"), sr=22050)'

FROM python:3.11-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fontconfig fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent emotrace \
    && install --directory --owner emotrace --group emotrace --mode 0700 /data
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY manage.py ./
COPY inference inference
COPY models_store models_store
COPY samples samples
COPY webapp webapp
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    EMOTRACE_VAR=/data \
    OPENBLAS_NUM_THREADS=1
USER emotrace
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "webapp.config.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", \
     "--threads", "8", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
