"""A network between a client and a service that breaks when a test says so, and tells what went through it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Network:
    """`left`: bytes that each connection to come may bring, one after the other; then as many as it likes."""

    left: list[int] = field(default_factory=list)
    port: int = 0
    sent: int = 0
    """Bytes that came from clients."""
    cuts: int = 0
    is_frozen: bool = False
    """What clients send goes nowhere any more, though their connections stay."""
    is_mute: bool = False
    """What the service answers goes nowhere any more."""

    async def carry(self, service: int, client: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", service)
        ways = [
            asyncio.ensure_future(self._ask(client[0], writer)),
            asyncio.ensure_future(self._answer(reader, client[1])),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.close()
            client[1].transport.abort()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(16_384):
            if self.is_frozen:
                await asyncio.Event().wait()
            self.sent += len(piece)
            writer.write(piece)
            await writer.drain()
            if len(piece) > 4096 and self._is_cut(len(piece)):
                return

    def _is_cut(self, size: int) -> bool:
        """Of the pieces of a file, which are larger than what else is asked."""
        if not self.left:
            return False
        self.left[0] -= size
        if self.left[0] > 0:
            return False
        self.left.pop(0)
        self.cuts += 1
        return True

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(16_384):
            if self.is_mute:
                await asyncio.Event().wait()
            writer.write(piece)
            await writer.drain()


@asynccontextmanager
async def network_to(service: int) -> AsyncIterator[Network]:
    network = Network()
    under_way: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(network.carry(service, (reader, writer)))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    network.port = server.sockets[0].getsockname()[1]
    try:
        yield network
    finally:
        server.close()
        for task in list(under_way):
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
