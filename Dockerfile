# syntax=docker/dockerfile:1

# The packages, in an environment of their own. Compilers and pip's cache stay in this stage.
FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/logistics-indicators
ENV PATH=/opt/logistics-indicators/bin:$PATH
# The dependencies first: this layer is made again only when pyproject.toml changes.
COPY pyproject.toml ./
RUN python -c "import tomllib; print('\n'.join(tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies']))" \
        > requirements.txt \
    && pip install --requirement requirements.txt
COPY README.md LICENSE ./
COPY alembic alembic
COPY src src
RUN pip install --no-deps .

FROM python:3.13-slim
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
