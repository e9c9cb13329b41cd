"""The server without a browser: exports, health, who may open a websocket, and no session outlives its tab."""

from __future__ import annotations

import asyncio
import csv
import fcntl
import io
import urllib.error
import urllib.request

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from dashboards.exports import as_csv, defused
from dashboards.links import Links
from dashboards.pages import PAGES
from footpred_dagster.core.settings import Settings
from tests.support.dashboard import FORMULA, NASTY


def get(url: str) -> tuple[int, str, str]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.status, answer.headers["Content-Type"], answer.read().decode()


@pytest.mark.parametrize("slug", ["", *PAGES])
def test_every_page_is_served(address, slug):
    status, kind, body = get(f"{address}/{slug}")
    assert (status, kind.partition(";")[0]) == (200, "text/html")
    assert "https://" not in body
    assert f"<title>{PAGES[slug or 'matches'].title} · footpred</title>" in body


def test_health_answers(address):
    assert get(f"{address}/healthz")[0] == 200


@pytest.mark.fault(69, "HEAD wherever GET is")
@pytest.mark.parametrize("path", ["healthz", "export/matches.csv", "matches", "league", "assets/style.css"])
def test_head_is_get_without_a_body(address, path):
    address = f"{address}/{path}"
    with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=10) as answer:
        head = answer.status, answer.headers["Content-Type"], answer.read()
    assert head == (*get(address)[:2], b"")


@pytest.mark.fault(69, "NUL is 400")
def test_a_nul_in_the_address_of_an_export_is_refused(address):
    for query in ("league=%00", "%00=1"):
        with pytest.raises(urllib.error.HTTPError, match="400"):
            get(f"{address}/export/matches.csv?{query}")


def test_a_csv_defuses_formulas_and_keeps_html_as_text(address):
    _, kind, body = get(f"{address}/export/matches.csv?show=next")
    assert kind.startswith("text/csv")
    names = {row["home_name"] for row in csv.DictReader(io.StringIO(body))}
    assert names == {NASTY, "'" + FORMULA}


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_text_a_spreadsheet_would_run_is_defused(text):
    assert defused(text) == "'" + text
    assert defused(-1.5) == -1.5


def test_an_export_of_nothing_is_empty():
    assert as_csv([]) == ""


def test_an_export_nobody_offers_is_not_found(address):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{address}/export/secrets.csv")


def opened(address: str, origin: str) -> int:
    """Status of asking for a websocket from a page of ``origin``; 101 if it is opened."""

    async def ask() -> int:
        request = HTTPRequest(address.replace("http", "ws") + "/matches/ws", headers={"Origin": origin})
        try:
            connection = await websocket_connect(request, subprotocols=["bokeh", "none"])
        except HTTPClientError as error:
            return error.code
        connection.close()
        return 101

    return asyncio.run(ask())


def test_a_foreign_origin_gets_no_websocket(address):
    assert opened(address, "http://evil.example") == 403
    assert opened(address, "http://127.0.0.1:1") == 403
    assert opened(address, address) != 403


def test_links_are_what_a_supervisor_that_lives_last_wrote(tmp_path):
    settings = Settings(home=tmp_path)
    assert Links.of(settings) == Links()
    (tmp_path / "run").mkdir()
    (tmp_path / "run/up.json").write_text(
        '{"services": {"dagster": {"url": "http://127.0.0.1:3000", "state": "running"},'
        ' "mlflow": {"url": "http://127.0.0.1:5001", "state": "starting"}}}'
    )
    with (tmp_path / "run/up.lock").open("w") as lock:
        assert Links.of(settings) == Links()  # whoever wrote it was killed
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert Links.of(settings) == Links(dagster="http://127.0.0.1:3000")
        (tmp_path / "run/up.json").write_text("{")
        assert Links.of(settings) == Links()
