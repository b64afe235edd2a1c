"""The staff's menu marks where one is, on every page that it leads to and below."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.appliance.web.conftest import post

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

OUTSIDE = {"staff.sign_in", "staff.password", "staff.recovery"}
"""Pages that belong to no item."""
ASKED = {"staff.update_titles": "?folder=national/7-abcdef012345&kind=added"}


def test_every_page_marks_one_item(app: Flask, staff: FlaskClient) -> None:
    found = {}
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("staff.") and "GET" in rule.methods and not rule.arguments:
            answer = staff.get(rule.rule + ASKED.get(rule.endpoint, ""))
            if answer.status_code == 200 and answer.mimetype == "text/html" and rule.endpoint != "staff.card":
                menu = answer.get_data(as_text=True).partition("</nav>")[0]
                found[rule.endpoint] = re.findall(r'href="([^"]+)" aria-current="([a-z]+)"', menu)
    assert len(found) > 10
    assert {name for name, marks in found.items() if len(marks) != 1} - OUTSIDE == set()
    assert found["staff.updates"] == [("/staff/updates", "page")]
    assert found["staff.reports"] == [("/staff/updates", "true")]
    assert found["staff.diagnosis_page"] == [("/staff/health", "true")]


def test_a_page_that_is_refused_breaks_no_menu(staff: FlaskClient) -> None:
    assert post(staff, "/staff/command", "/staff/", do="no such").status_code == 400


def test_page_on_what_to_do_leads_to_the_diagnosis_and_names_no_numbers_of_its_own(staff: FlaskClient) -> None:
    page = staff.get("/staff/how").get_data(as_text=True)
    assert "已损坏若干处。" in page
    assert 'href="/staff/diagnosis">导出诊断文件</a>' in page


def test_places_that_are_no_more_are_marked(staff: FlaskClient) -> None:
    page = staff.get("/staff/place?q=北川").get_data(as_text=True)
    assert page.count("旧区划") == 2
    assert page.index("510726") < page.index("旧区划")
