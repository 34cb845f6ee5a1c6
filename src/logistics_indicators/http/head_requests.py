"""HEAD wherever GET is: the same headers, no body, and no more work than the headers take."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .leaving import client_leaving


class HeadAsGet:
    """ASGI middleware. The app sees a GET whose client goes away once the headers are there, or when it does."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        ended = asyncio.Event()
        asked = False

        async def send_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                ended.set()

        async def receive_until_ended() -> Message:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await ended.wait()
            return {"type": "http.disconnect"}

        inner = dict(scope, method="GET")
        try:
            async with client_leaving(receive) as leaving:
                leaving.add_done_callback(lambda _: ended.set())
                await self.app(inner, receive_until_ended, send_headers)
        finally:
            if "route" in inner:
                scope["route"] = inner["route"]  # for the access log
