# The healthscore image: code server, web server and daemon of Dagster, and the command.
# For the old builder of Docker too, so without cache mounts.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS base
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DAGSTER_HOME=/srv/dagster \
    DAGSTER_DISABLE_TELEMETRY=1 \
    HEALTHSCORE_EXPORTS=/srv/exports \
    HEALTHSCORE_LOOKUPS=/srv/lookups \
    HEALTHSCORE_LAKE=/srv/lake
WORKDIR /srv
CMD ["healthscore", "--help"]
# A volume takes the owner of the folder that it is first put on.
RUN groupadd --gid 10001 healthscore \
    && useradd --uid 10001 --gid 10001 --home-dir /srv --no-create-home healthscore \
    && install -d -o healthscore -g healthscore \
       exports exports/pendo lake scratch dagster dagster/storage \
    && install -d lookups

# A layer of its own: a change of the code does not send the dependencies again. All of them are
# wheels, so there is no compiler.
FROM base AS dependencies
COPY requirements-deploy.txt /requirements.txt
RUN python3 -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --progress-bar off \
       --only-binary :all: -r /requirements.txt

FROM dependencies AS project
COPY . /src
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-index --no-deps \
       --no-build-isolation --prefix /image/venv /src \
    && install -D -m 644 -t /image/srv/dagster \
       /src/deploy/dagster.yaml /src/deploy/workspace.yaml /src/deploy/code_is_serving.py

FROM dependencies
COPY --from=project /image /
USER 10001:10001
