"""The sockets that `serve` listens on, taken before anything else starts."""

import errno
import socket

BACKLOG = 2048
NOT_HERE = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""Of a name with several addresses, one may be of a kind that the machine does not have."""


class CannotListen(Exception):
    """The address cannot be had; the message says what to do."""


def listen_on(host: str, port: int) -> list[socket.socket]:
    """One socket for each address of `host`. Raises CannotListen.

    They listen from now on: who is second is told so at once, and whoever answers at the address is us.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise CannotListen(f"{host!r} is no address of this machine. Name another (--host).") from None
    taken: list[socket.socket] = []
    missing: OSError | None = None
    for family, _, _, _, address in dict.fromkeys(found):
        try:
            taken.append(_listening(family, address))
        except OSError as error:
            if error.errno in NOT_HERE:
                missing = error
                continue
            for listener in taken:
                listener.close()
            raise CannotListen(_sentence(host, port, error)) from None
    if not taken and missing is not None:
        raise CannotListen(_sentence(host, port, missing))
    return taken


def _listening(family: int, address: object) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)  # type: ignore[arg-type]
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _sentence(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is taken by another program. Stop that one, or name another port (--port)."
    if error.errno in NOT_HERE:
        return f"{host} is no address of this machine. Name another (--host)."
    return f"Port {port} of {host} cannot be listened on: {error.strerror}. Name another port (--port)."
