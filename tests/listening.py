"""The app behind a real socket, as the command line starts it: for browsers, for raw bytes, for readers who leave."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import uvicorn
from fastapi import FastAPI

from logistics_indicators.listening.bounds import ConnectionBounds
from logistics_indicators.listening.protocol import BoundedHttpProtocol


@asynccontextmanager
async def listening(
    app: FastAPI, bounds: ConnectionBounds | None = None, patience: int | None = 1, idle: int = 5
) -> AsyncIterator[int]:
    """The port on 127.0.0.1. The app's lifespan is the caller's. `patience`: seconds that answers have at the end;
    `idle`: how long a connection may be, that is no proxy's."""
    protocol: Any = partial(BoundedHttpProtocol, bounds=bounds)
    config = uvicorn.Config(
        app,
        port=0,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=patience,
        timeout_keep_alive=idle,
        http=protocol,
        ws="none",
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


@contextmanager
def somebody_else() -> Iterator[tuple[int, list[str]]]:
    """(port, what was asked of it): another program's server, which finds everything well."""
    asked: list[str] = []

    class Well(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.requestline)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Well) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1], asked
        finally:
            server.shutdown()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
