# syntax=docker/dockerfile:1
# Two images from one file: `keyosk` (production; database and Redis run elsewhere) and `single` (everything inside).
# Debian slim, not Alpine: the embedded servers have no musl build.
FROM python:3.12-slim-bookworm AS build
WORKDIR /build
COPY requirements.txt deploy/without_embedded.awk ./
RUN awk -f without_embedded.awk requirements.txt > production.txt \
    && python -m venv /opt/keyosk \
    && /opt/keyosk/bin/pip install --no-cache-dir --require-hashes --no-deps -r production.txt

FROM build AS build-single
RUN /opt/keyosk/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements.txt

FROM python:3.12-slim-bookworm AS base
RUN useradd --uid 10001 --home-dir /data --shell /usr/sbin/nologin keyosk \
    && install -d -o keyosk -g keyosk -m 0700 /data && install -d -o keyosk -g keyosk /run/keyosk
ENV PATH=/opt/keyosk/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    KEYOSK_PRODUCTION=1 KEYOSK_VAR_DIR=/data KEYOSK_LISTEN=0.0.0.0
WORKDIR /app
COPY . .
USER keyosk
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["/app/deploy/entrypoint.sh"]

FROM base AS single
COPY --from=build-single /opt/keyosk /opt/keyosk
ENV KEYOSK_SECRET_KEY_FILE=/data/secret.key
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "deploy/healthy.py"]
CMD ["python", "manage.py", "up"]

# The last stage is what `docker build .` makes.
FROM base AS keyosk
COPY --from=build /opt/keyosk /opt/keyosk
CMD ["python", "manage.py", "up"]
