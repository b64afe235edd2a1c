"""The stable addresses for programs, on a real small holding."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.store.holdings import Part
from tests.appliance.web.conftest import set_display

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World


def test_health_says_what_is_held(client: FlaskClient) -> None:
    health = client.get("/health").get_json()
    assert health["ok"] is True
    assert (health["releases"], health["resources"], health["drives"]) == (1, 13, 1)
    assert health["search"] == {"ready": True, "percent": 100}
    assert isinstance(health["version"], str)


def test_health_says_the_light_and_neither_reads_nor_sets_a_cookie(client: FlaskClient) -> None:
    client.set_cookie("session", "torn")
    answer = client.get("/health")
    assert answer.get_json()["light"] == "normal"
    assert answer.get_json()["sentence"] == "一切正常，读者可以使用。"
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_health_of_an_empty_box_answers(client: FlaskClient, world: World) -> None:
    world.write(releases=(), drives=())
    assert client.get("/health").get_json()["resources"] == 0


def test_search_finds_by_title_with_the_documented_members(client: FlaskClient) -> None:
    answer = client.get("/api/search", query_string={"q": "论语"}).get_json()
    assert answer["total"] == 1
    assert answer["total_exact"] is True
    assert answer["took_ms"] >= 0
    assert answer["hits"] == [
        {
            "id": "x.lunyu",
            "title": "论语",
            "creator": "孔子弟子",
            "type": "book",
            "date": "",
            "url": "/resources/x.lunyu",
            "available": True,
        }
    ]
    assert client.get(answer["hits"][0]["url"]).status_code == 200


def test_search_facet_values_are_parameters(client: FlaskClient) -> None:
    everything = client.get("/api/search").get_json()
    assert everything["total"] == 13
    for name, values in everything["facets"].items():
        for entry in values if name != "dynasty" else ():
            found = client.get("/api/search", query_string={name: entry["value"]}).get_json()
            assert found["total"] == entry["count"], (name, entry)


def test_search_bad_value_is_400_with_field_and_reason(client: FlaskClient) -> None:
    answer = client.get("/api/search?year=abc")
    assert answer.status_code == 400
    assert answer.get_json()["error"]["field"] == "year"
    assert "1900-1949" in answer.get_json()["error"]["reason"]


def test_search_not_ready_is_503_with_retry_after(client: FlaskClient, world: World) -> None:
    making = replace(world.holdings.releases[0], search=Part("rebuilding", "", 30, 90))
    world.write(releases=(making,))
    answer = client.get("/api/search?q=论语")
    assert answer.status_code == 503
    assert 1 <= int(answer.headers["Retry-After"]) <= 600
    assert answer.get_json()["error"]["percent"] == 30
    health = client.get("/health").get_json()
    assert health["search"] == {"ready": False, "percent": 30}
    assert health["resources"] == 13


def test_search_child_face_sees_children_only(client: FlaskClient) -> None:
    set_display(client, face="child")
    assert {h["id"] for h in client.get("/api/search").get_json()["hits"]} == {"x.kao", "x.sanzijing"}
    assert client.get("/api/resources/x.lunyu").status_code == 403


def test_resource_lists_items_whose_bytes_match(client: FlaskClient) -> None:
    record = client.get("/api/resources/x.lunyu").get_json()
    assert record["id"] == "x.lunyu"
    assert len(record["items"]) == 3
    for item in record["items"]:
        assert {"id", "role", "media_type", "size", "sha256", "url"} <= item.keys()
        assert "path" not in item
        body = client.get(item["url"])
        assert body.status_code == 200
        assert hashlib.sha256(body.data).hexdigest() == item["sha256"]
        assert len(body.data) == item["size"]


def test_item_range_head_and_conditions(client: FlaskClient, world: World) -> None:
    pdf = next(i for i in world.records["x.lunyu"].items if i.role == "alternate")
    whole = client.get(f"/items/{pdf.id}").data
    part = client.get(f"/items/{pdf.id}", headers={"Range": "bytes=1000000-1100000"})
    assert part.status_code == 206
    assert part.data == whole[1_000_000:1_100_001]
    head = client.head(f"/items/{pdf.id}")
    assert (head.status_code, int(head.headers["Content-Length"]), head.data) == (200, pdf.size, b"")
    assert client.get(f"/items/{pdf.id}", headers={"If-None-Match": head.headers["ETag"]}).status_code == 304
    assert "sandbox" in head.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path", ["/api/resources/none", "/api/resources/..%2f..", "/api/nothing", "/api/resources/" + "x" * 80]
)
def test_unknown_is_404_in_json(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "error" in answer.get_json()


@pytest.mark.parametrize(
    ("resource_id", "status"), [("x.later", 403), ("x.blind", 403), ("x.odd", 200), ("x.ribao", 200)]
)
def test_item_stands_behind_the_gate(client: FlaskClient, world: World, resource_id: str, status: int) -> None:
    item = world.records[resource_id].items[0]
    assert client.get(f"/items/{item.id}").status_code == status


def test_item_premises_is_refused_outside(client: FlaskClient, world: World) -> None:
    item = world.records["x.ribao"].items[0]
    inside = client.get(f"/items/{item.id}", environ_base={"REMOTE_ADDR": "192.168.3.4"})
    mapped = client.get(f"/items/{item.id}", environ_base={"REMOTE_ADDR": "::ffff:192.168.3.4"})
    outside = client.get(f"/items/{item.id}", environ_base={"REMOTE_ADDR": "203.0.113.9"})
    odd = client.get(f"/items/{item.id}", environ_base={"REMOTE_ADDR": "not an address"})
    assert [r.status_code for r in (inside, mapped, outside, odd)] == [200, 200, 403, 403]


def test_item_download_needs_the_right(client: FlaskClient, world: World) -> None:
    may, may_not = world.records["x.odd"].items[0], world.records["x.ribao"].items[0]
    assert client.get(f"/items/{may.id}/download").headers["Content-Disposition"].startswith("attachment")
    assert client.get(f"/items/{may_not.id}/download").status_code == 403


def test_item_of_an_unplugged_drive_is_told(client: FlaskClient, world: World) -> None:
    item = world.records["x.lunyu"].items[0]
    world.write(drives=(replace(world.holdings.drives[0], state="gone"),))
    answer = client.get(f"/items/{item.id}")
    assert answer.status_code == 503
    assert "硬盘没有接上" in answer.get_data(as_text=True)


def test_item_damaged_never_leaves(client: FlaskClient, world: World) -> None:
    path = world.item_path("x.lunyu")
    path.write_bytes(b"x" + path.read_bytes()[1:])
    answer = client.get(f"/items/{world.records['x.lunyu'].items[0].id}")
    assert answer.status_code >= 500
    assert b"EPUB of" not in answer.data
    assert "有损坏" in answer.get_data(as_text=True)


def test_suggestions_have_the_documented_members_and_lead_to_their_search(client: FlaskClient) -> None:
    answer = client.get("/api/suggest", query_string={"q": "lunyu"}).get_json()
    assert answer["suggestions"][0]["kind"] == "title"
    assert answer["suggestions"][0]["text"] == "论语"
    assert "论语" in client.get(answer["suggestions"][0]["url"]).get_data(as_text=True)


def test_suggestions_follow_the_face_and_withdrawals(client: FlaskClient, world: World) -> None:
    def suggested(typed: str) -> list[str]:
        found = client.get("/api/suggest", query_string={"q": typed}).get_json()["suggestions"]
        return [one["text"] for one in found]

    assert "三國演義" in suggested("sanguo")
    set_display(client, face="child")
    assert suggested("sanguo") == []
    assert suggested("sanzi") == ["三字经（有声读物）"]
    world.write(withdrawn=("x.sanzijing",))
    assert suggested("sanzi") == []


@pytest.mark.parametrize("typed", ["", " ", "？", "a" * 200, "%00", "'\"<script>"])
def test_suggestions_answer_whatever_is_typed(client: FlaskClient, typed: str) -> None:
    assert client.get("/api/suggest", query_string={"q": typed}).status_code == 200


def test_too_much_to_suggest_from_is_refused_by_name(client: FlaskClient) -> None:
    answer = client.get("/api/suggest", query_string={"q": "a" * 201})
    assert answer.status_code == 400
    assert answer.get_json()["error"]["field"] == "q"
