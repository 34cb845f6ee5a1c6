"""The app behind a real socket, as the command line starts it: for browsers, for raw bytes, for readers who leave."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI

from logistics_indicators.connection_bounds import ConnectionBounds
from logistics_indicators.http_protocol import BoundedHttpProtocol


@asynccontextmanager
async def listening(app: FastAPI, bounds: ConnectionBounds | None = None) -> AsyncIterator[int]:
    """The port on 127.0.0.1. The app's lifespan is the caller's."""
    protocol: Any = partial(BoundedHttpProtocol, bounds=bounds)
    config = uvicorn.Config(
        app, port=0, lifespan="off", log_config=None, timeout_graceful_shutdown=1, http=protocol, ws="none"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving
