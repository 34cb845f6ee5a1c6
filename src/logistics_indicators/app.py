"""create_app(settings): the application, which starts and stops everything it needs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from fastapi import Depends, FastAPI

from . import __version__
from .accounts.tokens import TokenKey
from .database import open_pool, wait_for_database
from .embedded import EmbeddedPostgres
from .errors import install_error_handlers
from .exports.response import export_places
from .logs import configure_logs
from .migrations import migrate
from .monitoring.access_log import AccessLog
from .query_parameters import refuse_unknown_query
from .secrets_folder import generated_secret
from .settings import Settings

log = structlog.get_logger()

EMBEDDED_CHECK_SECONDS = 1.0


def from_environment() -> FastAPI:
    """Factory for uvicorn."""
    settings = Settings()
    configure_logs(settings.log_level)
    return create_app(settings)


def create_app(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            url = await _start_database(stack, settings)
            await wait_for_database(url, settings.database_wait_seconds)
            await migrate(url)
            app.state.database_url = url
            app.state.token_key = TokenKey(_secret(settings))
            app.state.pool = await open_pool(url, settings)
            stack.push_async_callback(app.state.pool.close)
            log.info("started", version=__version__, embedded=settings.embedded)
            yield
            log.info("stopping")

    app = FastAPI(
        title="Logistics Indicators",
        version=__version__,
        summary="Productivity and SLA of a last-mile operation, straight from its CSV files.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        dependencies=[Depends(refuse_unknown_query)],
    )
    app.state.settings = settings
    app.state.export_places = export_places(settings.database_pool_size)
    install_error_handlers(app)
    app.add_middleware(AccessLog)
    return app


async def _start_database(stack: AsyncExitStack, settings: Settings) -> str:
    """URL of the database: the named server's, or that of the embedded one, started and watched over."""
    if not settings.embedded:
        return settings.server_url()
    server = EmbeddedPostgres(settings.data_dir)
    await asyncio.to_thread(server.start)
    stack.push_async_callback(asyncio.to_thread, server.stop)
    watch = asyncio.create_task(_keep_alive(server), name="embedded-postgres")
    stack.push_async_callback(_cancel, watch)
    return server.url()


async def _keep_alive(server: EmbeddedPostgres) -> None:
    """Starts the embedded server again when it dies; nobody else would."""
    while True:
        await asyncio.sleep(EMBEDDED_CHECK_SECONDS)
        try:
            if await asyncio.to_thread(server.revive):
                log.warning("embedded_postgres_restarted")
        except Exception:
            log.exception("embedded_postgres_down")


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _secret(settings: Settings) -> str:
    if settings.jwt_secret_key is not None:
        return settings.jwt_secret_key.get_secret_value()
    return generated_secret(settings.data_dir / "jwt_secret_key")
