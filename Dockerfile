# syntax=docker/dockerfile:1

# By its digest, so that two builds of a commit begin with the same files; scripts/pin-images takes a newer one.
ARG PYTHON_IMAGE=python:3.13-slim@sha256:9662417aace5ae7b8e2609cce472b72a8958e134ba372808abe9cc1a0c0125e6

# The packages, in an environment of their own. Compilers, uv and its cache stay in this stage.
FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 UV_NO_CACHE=1
WORKDIR /build
# What the lock files name and nothing else. This layer is made again only when they change.
COPY requirements-build.lock requirements-otel.lock ./
RUN pip install --require-hashes --requirement requirements-build.lock \
    && python -m venv --without-pip /opt/logistics-indicators \
    && uv pip install --python /opt/logistics-indicators/bin/python --require-hashes --requirement requirements-otel.lock
COPY pyproject.toml ./
COPY README.md LICENSE ./
COPY alembic alembic
COPY src src
# Built by the Python that has the builder, which the environment that serves has not.
RUN python -m hatchling build -t wheel -d /build/dist \
    && uv pip install --python /opt/logistics-indicators/bin/python --no-deps /build/dist/*.whl

FROM ${PYTHON_IMAGE}
RUN groupadd --system --gid 10001 logistics \
    && useradd --system --uid 10001 --gid logistics --no-create-home --shell /usr/sbin/nologin logistics \
    && install --directory --owner logistics --group logistics --mode 0700 /var/lib/logistics-indicators
COPY --from=build /opt/logistics-indicators /opt/logistics-indicators
ENV PATH=/opt/logistics-indicators/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/var/lib/logistics-indicators
USER 10001:10001
WORKDIR /tmp
# Used only where no database is named: then the container brings its own PostgreSQL, as scripts/serve does.
VOLUME /var/lib/logistics-indicators
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/v1/health', timeout=4)"]
ENTRYPOINT ["logistics-indicators"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
