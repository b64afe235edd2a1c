"""Too many searches wait: a calm sentence for who searches, and every other page as ever. A query that is too broad."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from appliance.errors import BusyError
from appliance.library.library import Library
from appliance.library.turns import Turns
from appliance.web.results import parts_of
from provisioning.words import Words

if TYPE_CHECKING:
    import pytest
    from flask.testing import FlaskClient

    from appliance.library.model import Found
    from indexer.search import SearchRequest


def text_of(client: FlaskClient, address: str) -> str:
    return client.get(address).get_data(as_text=True).replace("<wbr>", "")


def busy(_library: Library, _request: SearchRequest, *_texts: object) -> Found:
    raise BusyError("8 searches wait already")


def test_search_while_too_many_wait_is_a_calm_sentence(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Library, "search", busy)
    answer = client.get("/search?q=三国演义")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    assert Words.load("zh-Hans").sentence("error.busy").text in text_of(client, "/search?q=三国演义")
    spoken = client.get("/api/search?q=三国演义")
    assert (spoken.status_code, spoken.is_json) == (503, True)
    for path in ("/", "/browse"):
        assert client.get(path).status_code == 200


def test_browsing_and_suggestions_while_too_many_ask(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_turns: Turns) -> None:
        raise BusyError("24 wait already")

    monkeypatch.setattr(Turns, "_enter", full)
    sentence = Words.load("zh-Hans").sentence("error.busy").text
    for path in ("/browse/subjects", "/browse/creators?letter=L", "/browse/times", "/creators/王小明"):
        answer = client.get(path)
        assert answer.status_code == 503, path
        assert sentence in text_of(client, path)
    suggested = client.get("/api/suggest?q=三国")
    assert (suggested.status_code, suggested.is_json) == (503, True)
    for path in ("/", "/browse", "/resources/x.lunyu"):  # they show what they can without
        assert client.get(path).status_code == 200


def test_empty_result_is_given_though_ways_on_cannot_be_searched(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Library.search
    nowhere = "查无此书"

    def search(library: Library, request: SearchRequest, *texts: Any) -> Found:
        return busy(library, request) if request.q in parts_of(nowhere) else whole(library, request, *texts)

    monkeypatch.setattr(Library, "search", search)
    answer = client.get(f"/search?q={nowhere}")
    assert answer.status_code == 200
    assert nowhere in answer.get_data(as_text=True)


def test_results_of_a_query_that_is_too_broad_say_so(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = Words.load("zh-Hans").sentence("patron.search.too_broad", count=1).text
    assert sentence not in text_of(client, "/search?q=的 OR 书 OR 三国演义")
    whole = Library.search

    def search(library: Library, request: SearchRequest, *texts: Any) -> Found:
        found = whole(library, request, *texts)
        return replace(found, total_exact=False, result=replace(found.result, too_broad=True))

    monkeypatch.setattr(Library, "search", search)
    assert sentence in text_of(client, "/search?q=三国演义")
    assert client.get("/api/search?q=三国演义").get_json()["too_broad"] is True
