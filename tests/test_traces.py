"""OpenTelemetry traces: from the request that brings a file to the commit of its chunks, and nothing where none are
asked for."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import asyncpg
import httpx
import pytest
import structlog
from data_folders import reachable_folder
from fault_files import customers_file
from fault_service import Service
from load_client import client_with, load_file
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from test_load_waiting import settled

from logistics_indicators import tracing

TRACE, CLIENTS_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
OTHER_TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-{CLIENTS_SPAN}-01"
SECRET = "secret-of-the-collector"
STAGES = ["parse", "merge", "turn", "settle", "commit"]


class Collector:
    """Takes spans over HTTP, as the OpenTelemetry Protocol has them."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                collector.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200 if self.path == "/v1/traces" else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"

    def services(self) -> set[str]:
        requests = map(ExportTraceServiceRequest.FromString, self.bodies)
        named = [
            attribute
            for request in requests
            for sent in request.resource_spans
            for attribute in sent.resource.attributes
        ]
        return {attribute.value.string_value for attribute in named if attribute.key == "service.name"}

    def spans(self) -> list[Span]:
        requests = map(ExportTraceServiceRequest.FromString, self.bodies)
        scopes = [scope for request in requests for sent in request.resource_spans for scope in sent.scope_spans]
        return sorted((span for scope in scopes for span in scope.spans), key=lambda span: span.start_time_unix_nano)


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made


def noted(span: Span) -> dict[str, str | int]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


async def test_a_file_is_one_trace_from_its_request_to_the_commit_of_its_chunks(
    folder: Path, collector: Collector, database_url: str
) -> None:
    file = customers_file(random.Random(1), 4000)
    service = Service(
        folder,
        database_url,
        otel_exporter_otlp_endpoint=collector.endpoint,
        load_chunk_bytes=64 * 1024,
    )
    service.start()
    try:
        await service.ready()
        await service.sign_in()
        service.client.headers.update({"traceparent": TRACEPARENT, "X-Request-ID": "of-the-client"})
        load_id = await service.send(file, on_conflict="update")
        del service.client.headers["traceparent"], service.client.headers["X-Request-ID"]
        await service.wait_for(lambda: service.load_ended(load_id), "the load ends")
        load = await service.get(f"/v1/loads/{load_id}")
        service.signal(signal.SIGTERM)
        assert await service.ended() == 0
    finally:
        await service.close()

    assert collector.services() == {"logistics-indicators"}
    ours = [span for span in collector.spans() if span.trace_id.hex() == TRACE]
    (request,) = [span for span in ours if span.parent_span_id.hex() == CLIENTS_SPAN]
    assert (request.name, request.kind) == ("POST /v1/customers/batch", Span.SPAN_KIND_SERVER)
    told = noted(request)
    assert (told["http.route"], told["http.response.status_code"]) == ("/v1/customers/batch", 202)

    children: dict[bytes, list[Span]] = defaultdict(list)
    for span in ours:
        children[span.parent_span_id].append(span)
    steps = children[request.span_id]
    assert [step.name for step in steps] == ["load begin", *["load chunk"] * (len(steps) - 2), "load end"]
    assert {noted(step)["load.id"] for step in steps} == {load_id}
    chunks = sorted((step for step in steps if step.name == "load chunk"), key=lambda step: noted(step)["load.seq"])
    assert [noted(chunk).get("load.seq", 0) for chunk in chunks] == list(range(len(chunks)))
    assert len(chunks) > 1
    assert sum(int(noted(chunk)["load.rows"]) for chunk in chunks) == load["rows_read"] > 0
    for chunk in chunks:
        assert [stage.name for stage in children[chunk.span_id]] == STAGES

    sent = b"".join(collector.bodies)
    assert b"@example.com" in file.content
    assert b"@example.com" not in sent
    assert b"on_conflict" not in sent
    assert b"of-the-client" not in sent
    lines = [json.loads(line) for line in service.log.read_text().splitlines() if line.startswith("{")]
    own = {str(noted(span)["request.id"]) for span in collector.spans() if "request.id" in noted(span)}
    assert own == {line["request_id"] for line in lines if line["event"] == "request"} - {"of-the-client"}
    named = {line["event"] for line in lines if line.get("trace_id") == TRACE}
    assert named == {"request", "load_completed"}


async def starts_and_ends_well(service: Service) -> None:
    service.start()
    try:
        await service.ready()
        service.signal(signal.SIGTERM)
        assert await service.ended() == 0
    finally:
        await service.close()


async def test_where_the_extra_is_not_installed_the_service_says_so_and_serves(
    folder: Path, collector: Collector, database_url: str
) -> None:
    (folder / "sitecustomize.py").write_text("import sys\nsys.modules['opentelemetry.sdk'] = None\n")
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    service = Service(folder, database_url, otel_exporter_otlp_endpoint=collector.endpoint, pythonpath=path)
    await starts_and_ends_well(service)
    assert '"event": "traces_not_installed"' in service.log.read_text()
    assert collector.bodies == []


async def test_an_end_does_not_wait_for_a_collector_that_is_away(folder: Path, database_url: str) -> None:
    service = Service(folder, database_url, otel_exporter_otlp_endpoint="http://127.0.0.1:9")
    await starts_and_ends_well(service)
    assert service.broken() == []


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_SERVICE_NAME": "visits"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_nothing_is_sent_where_no_traces_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    tracing.configure_traces()
    assert not tracing.traces_are_on()


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_BSP_MAX_QUEUE_SIZE": "0"},
        {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": SECRET},
        {"OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER": SECRET},
    ],
)
def test_a_variable_that_is_no_good_is_told_without_its_value_and_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name, value in ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"} | variables).items():
        monkeypatch.setenv(name, value)
    with structlog.testing.capture_logs() as lines:
        tracing.configure_traces()
    assert not tracing.traces_are_on()
    (line,) = lines
    assert (line["event"], set(variables) < set(line["variables"])) == ("traces_not_configured", True)
    assert SECRET not in str(line)


SENDS_A_SPAN = """
import asyncio
from logistics_indicators.running.logs import configure_logs
from logistics_indicators.tracing import configure_traces, request_span, send_the_last_spans
configure_logs("debug")
configure_traces()
with request_span("GET", None):
    pass
asyncio.run(send_the_last_spans())
"""


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{SECRET}%0aHDR"},
        {"OTEL_EXPORTER_OTLP_HEADERS": SECRET},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": f"geheim://us:{SECRET}@host"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://us:{SECRET}@127.0.0.1:9/{SECRET}"},
    ],
)
def test_a_collector_s_secrets_are_not_in_the_log_where_sending_to_it_fails(variables: dict[str, str]) -> None:
    away = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    environment = os.environ | away | variables
    ran = subprocess.run(
        [sys.executable, "-c", SENDS_A_SPAN], env=environment, capture_output=True, text=True, check=True
    )
    lines = [line for line in map(json.loads, ran.stdout.splitlines()) if line["level"] != "debug"]
    assert {line["event"] for line in lines} == {"traces_troubled"}
    loggers = [(line["logger"], line["level"]) for line in lines]
    assert len(loggers) == len(set(loggers))
    assert all(line.keys() == {"event", "level", "logger", "timestamp"} for line in lines)
    assert SECRET not in ran.stdout + ran.stderr


async def test_a_load_keeps_no_trace_where_none_are_sent(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    client.headers["traceparent"] = TRACEPARENT
    load = await load_file(client, "customers", "id;nome;email;telefone\n1;Ana;ana@mail.com;\n")
    assert await connection.fetchval("SELECT traceparent FROM loads WHERE id = $1", load["id"]) is None


def test_a_step_that_fails_tells_the_kind_of_its_error_and_not_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A constraint's error quotes the row."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("tests"))
    load = {"id": 7, "kind": "customers", "stage": "write", "traceparent": TRACEPARENT}

    def failing_step() -> None:
        with tracing.Work() as work:
            work.begin("load chunk", load, seq=0)
            work.stage("merge")
            raise ValueError("ana@mail.com")

    with pytest.raises(ValueError, match="ana"):
        failing_step()
    told = exporter.get_finished_spans()
    assert [span.name for span in told] == ["merge", "load chunk"]
    assert {(span.attributes or {})["error.type"] for span in told} == {"ValueError"}
    assert not any("ana@mail.com" in span.to_json() for span in told)


async def test_visits_that_waited_have_a_span_in_their_own_trace_that_is_linked_to_who_brought_their_customers(
    connection: asyncpg.Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("tests"))
    async with client_with(connection, database_url) as client:
        client.headers["traceparent"] = TRACEPARENT
        visits = "".join(f"{n};{n};Ana;SP - X;2021-06-30;-\n" for n in (1, 2))
        load = await load_file(client, "services", visits, unknown_customer="wait")
        client.headers["traceparent"] = TRACEPARENT.replace(TRACE, OTHER_TRACE)
        await load_file(client, "customers", "1;Ana;ana@mail.com;\n")
        await settled(client, load, waiting=1)
        made = await client.post("/v1/customers", json={"nome": "Bia", "email": "bia@mail.com"})
        assert made.json()["id"] == 2
        await settled(client, load)
    spans = exporter.get_finished_spans()
    by_load, by_hand = [span for span in spans if span.name == "load waiting"]
    batches = [span for span in spans if span.name == "POST /v1/customers/batch"]
    for span in (by_load, by_hand):
        assert f"{span.context.trace_id:032x}" == TRACE
        assert {"load.id": load["id"], "load.rows": 1}.items() <= dict(span.attributes or {}).items()
        stages = [each.name for each in spans if each.parent and each.parent.span_id == span.context.span_id]
        assert stages == ["merge", "settle", "commit"]
    assert [link.context.span_id for link in by_load.links] == [span.context.span_id for span in batches]
    assert list(by_hand.links) == []
