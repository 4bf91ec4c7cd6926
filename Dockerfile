# Vidette in a container: `docker build -t vidette .`
# With a model in this process, on a GPU: `docker build -t vidette:gpu --build-arg EXTRAS=scale,sinks,trace,vlm,ocr .`
# To build the same image for ever, name the base by its digest too.
FROM python:3.11.14-slim-bookworm AS base

FROM base AS build
ARG EXTRAS=scale,sinks,trace
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 SOURCE_DATE_EPOCH=1767225600
WORKDIR /src
COPY constraints.txt ./
RUN pip install --no-compile -c constraints.txt hatchling
COPY pyproject.toml README.md LICENSE ./
COPY vidette/ vidette/
COPY ingest/ ingest/
COPY graph/ graph/
COPY rules/ rules/
COPY agent/ agent/
COPY workers/ workers/
COPY app/ app/
RUN pip wheel --no-build-isolation --no-deps --wheel-dir /wheels . \
    && python -m venv --without-pip /opt/vidette \
    && set -- /wheels/*.whl \
    && pip --python /opt/vidette/bin/python install -c constraints.txt "$1[${EXTRAS}]"

FROM base
LABEL org.opencontainers.image.title="Vidette" \
      org.opencontainers.image.description="Watches cameras and video files, remembers what happened, raises alerts and answers questions with evidence." \
      org.opencontainers.image.licenses="Apache-2.0"
# Videos are decoded by libraries in the wheels: neither ffmpeg nor any package of Debian's is needed beside Python.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/vidette --shell /usr/sbin/nologin vidette \
    && install -d -o vidette -g vidette -m 0750 /var/lib/vidette /var/lib/vidette/media /var/lib/vidette/spool \
    && install -d /etc/vidette
# The base has Python's own modules without bytecode, and nobody may write it later: each process would compile them anew.
RUN python -m compileall -q -x /site-packages/ /usr/local/lib/python3.11
COPY --from=build /opt/vidette /opt/vidette
# What a machine keeps of its own lies in /var/lib/vidette; temporary files, too (TMPDIR): /tmp may be memory, as in docker-compose.yml.
ENV PATH=/opt/vidette/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TMPDIR=/var/lib/vidette \
    XDG_DATA_HOME=/var/lib \
    XDG_STATE_HOME=/var/lib
# Where `vidette.yml` is looked for.
WORKDIR /etc/vidette
USER 10001:10001
ENTRYPOINT ["vidette"]
CMD ["--help"]
