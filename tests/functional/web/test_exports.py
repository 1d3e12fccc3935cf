"""Exports hold exactly what the log shows, run no formula, and are in the audit."""

import csv
import io
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Key
from flask import Flask
from flask.testing import FlaskClient

from attendance.spreadsheet import HEADER, cells
from tests.functional.web.browsing import ADMIN, TEACHER
from tests.functional.web.conftest import SignIn
from tests.functional.web.tables import put, row_item, session_item
from tests.functional.web.test_log import all_shown, correct
from tests.unit.attendance.test_spreadsheet import sheets_of

DAYS = ("2026-03-03", "2026-03-02")
NAME = "=HYPERLINK(1)"


@pytest.fixture
def school(app: Flask) -> Flask:
    for day in DAYS:
        put("sessions", session_item("physics", day, counts={}))
        put("attendance", row_item("physics", day, "s1", "present", student_name=NAME))
        put("attendance", row_item("physics", day, "s2", "absent", student_name="Zoë, B."))
    put("sessions", session_item("history", DAYS[0]))
    put("attendance", row_item("history", DAYS[0], "s1", "present"))
    correct("physics", DAYS[1], "s2")
    return app


def table(client: FlaskClient, query: str) -> list[dict[str, str]]:
    answer = client.get(f"/log.csv?{query}")
    assert answer.status_code == 200
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def audit_of(email: str) -> list[dict[str, Any]]:
    found = (
        boto3.resource("dynamodb")
        .Table("rollcall-audit")
        .query(KeyConditionExpression=Key("subject").eq(f"export#{email}"))
    )
    items: list[dict[str, Any]] = found["Items"]
    return items


@pytest.mark.parametrize(
    "query", ["course=physics", "student=s1", "course=physics&status=excused", "course=physics&to=" + DAYS[1]]
)
def test_both_files_hold_exactly_what_the_log_shows(school: Flask, signed_in: SignIn, query: str) -> None:
    client = signed_in(ADMIN)
    rows = table(client, query)
    assert [(row["session_id"], row["student_id"]) for row in rows] == all_shown(client, f"/log?{query}")
    (sheet,) = sheets_of(client.get(f"/log.xlsx?{query}", buffered=True).data)
    assert sheet[0] == list(HEADER)
    assert [line[3] for line in sheet[1:]] == [row["student_id"] for row in rows]


def test_names_stay_and_formulas_do_not_run(school: Flask, signed_in: SignIn) -> None:
    client = signed_in(TEACHER)
    first, second = table(client, f"course=physics&from={DAYS[0]}")
    assert (first["student_name"], second["student_name"]) == (f"'{NAME}", "Zoë, B.")
    (sheet,) = sheets_of(client.get("/log.xlsx?course=physics", buffered=True).data)
    assert sheet[1][4] == f"'{NAME}"


def test_a_correction_is_told_with_its_reason(school: Flask, signed_in: SignIn) -> None:
    (row,) = table(signed_in(TEACHER), "course=physics&source=person")
    told = (row["status"], row["decided"], row["corrected_by"], row["reason"], row["source"])
    assert told == ("excused", "absent", TEACHER, "ill", "person")


def test_an_instructor_exports_nothing_of_other_courses(school: Flask, signed_in: SignIn) -> None:
    rows = table(signed_in(TEACHER), "student=s1")
    assert {row["course_id"] for row in rows} == {"physics"}


def test_files_have_names_and_types(school: Flask, signed_in: SignIn) -> None:
    client = signed_in(TEACHER)
    headers = client.get("/log.csv?course=physics").headers
    assert headers["Content-Disposition"] == 'attachment; filename="attendance-physics.csv"'
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    headers = client.get("/log.xlsx", buffered=True).headers
    assert headers["Content-Disposition"] == "attachment; filename=attendance-physics.xlsx"
    assert headers["Content-Type"].endswith("spreadsheetml.sheet")
    assert headers["Cache-Control"] == "no-store"


def test_an_export_is_sent_while_it_is_read(school: Flask, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def noted(entry: Any) -> Any:
        read.append(entry.row.student_id)
        return cells(entry)

    monkeypatch.setattr("web.exports.cells", noted)
    answer = signed_in(TEACHER).get("/log.csv?course=physics")
    parts = answer.iter_encoded()
    assert next(parts) == "\N{ZERO WIDTH NO-BREAK SPACE}".encode()
    assert read == []
    assert len(list(parts)) >= 1
    assert len(read) == 4


def test_who_exported_what_is_in_the_audit(school: Flask, signed_in: SignIn) -> None:
    client = signed_in(TEACHER)
    client.get("/log.csv?course=physics&status=absent", buffered=True)
    client.get("/log.xlsx?student=s1", buffered=True)
    client.get("/courses/physics/moodle.csv?from=2026-03-02", buffered=True)
    entries = audit_of(TEACHER)
    assert [(entry["actor"], entry["action"], entry["new"]) for entry in entries] == [
        (TEACHER, "export", "log.csv course=physics status=absent"),
        (TEACHER, "export", "log.xlsx student=s1"),
        (TEACHER, "export", "moodle.csv course=physics from=2026-03-02"),
    ]
    assert client.get("/log.csv?course=history").status_code == 403
    assert len(audit_of(TEACHER)) == 3


def test_moodle_gets_a_line_per_student_and_a_column_per_class(school: Flask, signed_in: SignIn) -> None:
    for student_id in ("s1", "s2", "s3"):
        put("rosters", {"course_id": "physics", "student_id": student_id, "student_name": "N"})
    client = signed_in(TEACHER)
    lines = client.get("/courses/physics/moodle.csv").data.decode("utf-8-sig").splitlines()
    assert lines == ["idnumber,2026-03-02,2026-03-03", "s1,P,P", "s2,E,A"]
    one = client.get(f"/courses/physics/moodle.csv?from={DAYS[1]}&to={DAYS[1]}").data.decode("utf-8-sig").splitlines()
    assert one == ["idnumber,2026-03-02", "s1,P", "s2,E"]
    assert client.get("/courses/physics/moodle.csv?from=never").status_code == 400


def test_too_many_exports_of_one_account_have_to_wait(school: Flask, signed_in: SignIn) -> None:
    client = signed_in(TEACHER)
    codes = [client.get("/log.csv?course=history").status_code for _ in range(61)]
    assert codes == [403] * 60 + [429]
