"""What browsers, crawlers and tools ask every site for; and what is answered where there is nothing."""

import asyncio
import re
import struct
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
import yaml
from conftest import client_of, make_settings, running_app
from fastapi import FastAPI
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import ValidationError
from ruamel.yaml import YAML

from logistics_indicators.documentation import published
from logistics_indicators.documentation.published import as_yaml
from logistics_indicators.http.not_found_page import wants_page

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
PUBLIC_FILES = ["/favicon.ico", "/robots.txt", "/openapi.yaml", "/openapi.json"]


@pytest.mark.parametrize("path", PUBLIC_FILES)
async def test_a_file_that_every_site_has_needs_no_token_and_takes_head(
    anonymous: httpx.AsyncClient, path: str
) -> None:
    got, headed = await anonymous.get(path), await anonymous.head(path)
    assert (got.status_code, headed.status_code, headed.content) == (200, 200, b"")
    assert got.headers["Content-Type"] == headed.headers["Content-Type"]
    assert got.headers["Cache-Control"] in {"public, max-age=86400", "no-cache"}
    refused = await anonymous.post(path)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/", "/docs", *PUBLIC_FILES])
async def test_a_link_may_carry_marks_of_where_it_was_followed(anonymous: httpx.AsyncClient, path: str) -> None:
    assert (await anonymous.get(f"{path}?utm_source=mail&fbclid=1")).status_code == 200


async def test_the_icon_is_an_icon(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/favicon.ico")
    kind, images = struct.unpack("<2xHH", answer.content[:6])
    assert (answer.headers["Content-Type"], kind, images) == ("image/x-icon", 1, 2)
    assert len(answer.content) < 2048
    for number in range(images):
        size, offset = struct.unpack("<8xII", answer.content[6 + 16 * number :][:16])
        assert answer.content[offset:][:8] == b"\x89PNG\r\n\x1a\n"
        assert answer.content[offset + size - 8 : offset + size - 4] == b"IEND"


async def test_crawlers_are_told_to_stay_away(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/robots.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text == "User-agent: *\nDisallow: /\n"


async def test_the_document_in_yaml_is_the_one_in_json_for_readers_of_either_yaml(
    anonymous: httpx.AsyncClient,
) -> None:
    answer = await anonymous.get("/openapi.yaml")
    assert answer.headers["Content-Type"] == "application/yaml"
    document = (await anonymous.get("/openapi.json")).json()
    assert yaml.safe_load(answer.text) == document
    assert YAML(typ="safe", pure=True).load(StringIO(answer.text)) == document
    OpenAPIV31SpecValidator(yaml.safe_load(answer.text)).validate()
    again = await anonymous.get("/openapi.yaml", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_document_is_written_once_however_many_ask_at_once(
    anonymous: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def counted(document: dict[str, Any]) -> bytes:
        written.append(document)
        return as_yaml(document)

    monkeypatch.setattr(published, "as_yaml", counted)
    answers = await asyncio.gather(*(anonymous.get("/openapi.yaml") for _ in range(8)))
    assert len({answer.content for answer in answers}) == 1
    assert len(written) == 1


async def test_the_document_is_the_same_packed_and_not(anonymous: httpx.AsyncClient) -> None:
    packed = await anonymous.get("/openapi.json")
    plain = await anonymous.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    assert (packed.headers["Content-Encoding"], plain.headers.get("Content-Encoding")) == ("gzip", None)
    assert packed.headers["ETag"] == f"W/{plain.headers['ETag']}"
    assert packed.content == plain.content


def test_a_text_that_looks_like_a_number_stays_a_text_in_either_yaml() -> None:
    texts = [
        "1e3",
        "0o17",
        "12:30",
        "2021-06-29",
        "no",
        "null",
        "~",
        "-1 day, 23:10:00",
        ".5",
        "+1",
        "a\nb",
        "=",
        "Íris",
    ]
    written = as_yaml({"texts": texts}).decode()
    assert yaml.safe_load(written) == {"texts": texts}
    assert YAML(typ="safe", pure=True).load(StringIO(written)) == {"texts": texts}


async def test_the_documents_name_the_prefix_that_the_service_is_under(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app=app, root_path="/logistics")
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for _ in range(2):
            assert (await client.get("/logistics/openapi.json")).json()["servers"] == [{"url": "/logistics"}]
            written = (await client.get("/logistics/openapi.yaml")).text
            assert yaml.safe_load(written)["servers"] == [{"url": "/logistics"}]


async def test_security_txt_names_the_contacts_and_an_end(database_url: str) -> None:
    contacts = ("mailto:security@example.com", "https://example.com/report")
    async with running_app(make_settings(database_url, security_contact=contacts)) as app, client_of(app) as client:
        answer = await client.get("/.well-known/security.txt")
        assert (await client.head("/.well-known/security.txt")).status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    *named, expires = answer.text.splitlines()
    assert named == [f"Contact: {contact}" for contact in contacts]
    assert re.fullmatch(r"Expires: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", expires)
    left = datetime.fromisoformat(expires.removeprefix("Expires: ")) - datetime.now(UTC)
    assert 1 < left.days < 365


async def test_without_a_contact_there_is_no_security_txt(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/.well-known/security.txt")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert "SECURITY_CONTACT" in answer.json()["detail"]


@pytest.mark.parametrize(
    "contact",
    ["security@example.com", "http://example.com/", "mailto:x", "https://", "tel:", "javascript:x", "mailto:a@b\nX: y"],
)
def test_a_contact_that_is_no_address_stops_the_start(contact: str) -> None:
    with pytest.raises(ValidationError, match=r"mailto:name@example\.com"):
        make_settings("postgresql://x", security_contact=(contact,))


@pytest.mark.parametrize("path", ["/nix", "/v1/nix", "/a/b/c/", "/docs/assets/nix.js", "/%3Cscript%3E/x"])
async def test_a_browser_at_an_unknown_path_sees_a_page_without_script(anonymous: httpx.AsyncClient, path: str) -> None:
    answer = await anonymous.get(path, headers={"Accept": BROWSER})
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Request-ID"]
    assert re.findall(r"<script|<style|style=|\son\w+=", answer.text) == []
    links = re.findall(r'href="([^"]+)"', answer.text)
    assert {urljoin(f"http://test{path}", link) for link in links} == {
        "http://test/favicon.ico",
        "http://test/docs",
    }
    headed = await anonymous.head(path, headers={"Accept": BROWSER})
    assert (headed.status_code, headed.headers["Content-Type"], headed.content) == (
        404,
        "text/html; charset=utf-8",
        b"",
    )


@pytest.mark.parametrize(
    "accept", ["", "*/*", "application/json", "application/json, text/plain, */*", "text/html;q=0"]
)
async def test_everybody_else_at_an_unknown_path_gets_the_problem(anonymous: httpx.AsyncClient, accept: str) -> None:
    answer = await anonymous.get("/nix", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert "Accept" in answer.headers["Vary"]


async def test_a_browser_at_a_row_that_there_is_not_gets_the_problem(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/customers/999999", headers={"Accept": BROWSER})
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("TEXT/HTML;charset=utf-8", True),
        ("text/html;q=0.5, application/json", False),
        ("application/problem+json, text/html", False),
        ("application/json;q=0.1, text/html;q=0.2", True),
        ("text/*", False),
        ("text/html;q=x", False),
        ("text/html;q=nan", False),
        (";;,,", False),
    ],
)
def test_who_wants_a_page(accept: str, page: bool) -> None:
    assert wants_page(accept) is page
