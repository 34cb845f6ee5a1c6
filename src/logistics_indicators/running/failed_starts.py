"""A start that fails for a reason that can be told: a line for who started it, instead of a traceback."""

import sys

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .embedded import EmbeddedServerError
from .migrations import MigrationError

TOLD = (MigrationError, EmbeddedServerError)
"""Their messages are sentences that say what to do."""


class FailedStarts:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            error = sys.exception()  # Starlette sends its traceback as it handles it
            if message["type"] == "lifespan.startup.failed" and isinstance(error, TOLD):
                sys.stderr.write(f"The service cannot start. {error}\n")
                message = {**message, "message": str(error)}
            await send(message)

        await self._app(scope, receive, told)
