"""How many connections a process holds, in all and from one address."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Self

from ..settings import Settings

RESERVED = 32
"""Connections beyond the bound, on which only health checks are answered and all others told 503."""


class Room(Enum):
    free = "served"
    reserved = "served if it is a health check"
    none = "turned away"


@dataclass(frozen=True)
class ConnectionBounds:
    total: int = 800
    per_address: int = 200
    proxies: str = ""
    """As FORWARDED_ALLOW_IPS: their connections are many clients', so only the total counts for them."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(settings.connections_max, settings.connections_per_address, settings.forwarded_allow_ips)

    def room_for(self, address: str | None, addresses: Iterable[str | None]) -> Room:
        """For one more from `address`, where `addresses` are connected, it included."""
        connected = list(addresses)
        if len(connected) > self.total + RESERVED:
            return Room.none
        if address is not None and connected.count(address) > self.per_address and not self.is_proxy(address):
            return Room.none
        return Room.free if len(connected) <= self.total else Room.reserved

    def is_proxy(self, address: str) -> bool:
        """Whether it may speak for others."""
        named = self.proxies.replace(",", " ").split()
        return "*" in named or any(_within(address, name) for name in named)


def _within(address: str, network: str) -> bool:
    """False also where either is no address: a name of a Unix socket, say."""
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return address == network
