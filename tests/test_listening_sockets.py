"""`serve` takes its port before anything else, and speaks of no service but its own."""

import socket
from pathlib import Path

import pytest
from command_line import run_command
from listening import free_port, somebody_else

from logistics_indicators.listening.sockets import CannotListen, listen_on
from logistics_indicators.running.serving import origin_of


@pytest.mark.parametrize("workers", [1, 2])
async def test_serve_on_a_taken_port_says_one_line_starts_nothing_and_announces_nobody(
    tmp_path: Path, workers: int
) -> None:
    with somebody_else() as (port, asked):
        outcome = await run_command("serve", "--port", port, "--data-dir", tmp_path / "data", "--workers", workers)
    assert outcome.code == 2
    (line,) = outcome.err.splitlines()
    assert line.startswith(f"The service cannot start. Port {port} of 127.0.0.1 is taken by another program.")
    assert outcome.out == ""
    assert asked == []
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "::1", "::"])
def test_an_address_is_taken_once(host: str) -> None:
    port = free_port()
    try:
        first = listen_on(host, port)
    except CannotListen:
        pytest.skip("this machine has no IPv6")
    with pytest.raises(CannotListen, match=f"Port {port} of {host} is taken"):
        listen_on(host, port)
    for listener in first:
        listener.close()
    for listener in listen_on(host, port):
        listener.close()


def test_a_name_with_a_taken_address_takes_none_of_the_others() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CannotListen):
            listen_on("localhost", port)
    for listener in listen_on("localhost", port):
        listener.close()


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "a" * 300, "not a host"])
def test_a_host_that_is_not_this_machine_is_told_in_a_sentence(host: str) -> None:
    with pytest.raises(CannotListen, match="is no address of this machine"):
        listen_on(host, free_port())


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("a.example.com", "http://a.example.com:8000"),
    ],
)
def test_what_is_announced_is_the_address_that_was_taken(host: str, origin: str) -> None:
    assert origin_of(host, 8000) == origin


async def test_no_worker_that_cannot_start_ends_well(tmp_path: Path) -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    outcome = await run_command(
        *("serve", "--port", free_port(), "--workers", 2, "--no-announce"),
        DATABASE_URL=url,
        JWT_SECRET_KEY="a-secret-of-the-tests-alone-0123456789",
        DATABASE_WAIT_SECONDS="0",
    )
    assert outcome.code == 3, outcome.err[-500:]
