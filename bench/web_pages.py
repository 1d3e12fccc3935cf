"""Every page of the web in a process of its own, timed inside the server: `python -m bench.web_pages 20`.

Reads where the stack is from the environment and the school's size from stdin as JSON, signs in, asks for each page so
often, and prints JSON: a `PageCost` per page. Students' own pages are asked for as a student.
"""

import json
import os
import re
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import boto3
from flask import Flask
from flask.testing import FlaskClient

from attendance.aws.compose import users
from attendance.settings import Settings
from attendance.users import Role
from bench.figures import latency
from bench.school import School, student_id
from bench.step import Usage
from web import WebConfig, create_app

_PASSWORD = secrets.token_urlsafe()
_ADMIN, _STUDENT = "admin@school.edu", "student@school.edu"
_STUDENTS_OWN = "/my-"
_BROWSER = {"Accept-Encoding": "gzip"}
_FILES = re.compile(r'(?:href|src)="(/assets/[^"]+)"')
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@dataclass(frozen=True)
class PageCost:
    """What one page costs.

    Attributes:
        path: its address.
        calls: `dynamodb.Query` and the like ▶ how often, for one view.
        median_ms: of the server's time, without the network.
        p95_ms: likewise, 95th percentile.
        kb: what travels the first time it is opened, with styles and scripts, without photos and videos.
    """

    path: str
    calls: Mapping[str, int]
    median_ms: float
    p95_ms: float
    kb: float


def paths(app: Flask, school: School) -> Iterator[str]:
    """An address of each rule that shows something, then what is worth asking of those with a search or filter."""
    course, day, student = school.course_id(1), school.day(1, 0), student_id(school.members(1)[0])
    places = {"<course_id>": course, "<session_id>": day, "<student_id>": student, "<day>": day}
    for rule in app.url_map.iter_rules():
        path = str(rule)
        for place, value in places.items():
            path = path.replace(place, value)
        if "GET" in (rule.methods or ()) and "<" not in path and not path.endswith((".csv", ".xlsx")):
            yield path
    dates = f"from={school.day(0, school.weeks - 1)}&to={school.day(0, 0)}"
    yield from (f"/log?course={course}", f"/log?student={student}", f"/log?{dates}")
    yield from (f"/log?{dates}&status=excused", f"/log?{dates}&source=person", f"/log?{dates}&source=roll+call")
    yield from (f"/log?{dates}&after={course}%23{day}", f"/courses/{course}/matrix?planned=30")
    everybody = app.extensions["rollcall_services"].settings.default_course_id
    yield from (f"/courses/{everybody}/{page}" for page in ("students", "matrix", "at-risk"))
    middle = student_id(school.students // 2)
    yield f"/accounts/edit?email={_ADMIN}"
    yield from ("/students?q=zoe", f"/students?q={student_id(9)}", f"/students?after={middle}")


def measure(client: FlaskClient, usage: Usage, path: str, times: int) -> PageCost | None:
    """A page's cost; None where the address shows no page.

    Raises:
        SystemExit: the server failed.
    """
    usage.calls.clear()
    page = client.get(path, headers=_BROWSER)
    if page.status_code >= 500:
        raise SystemExit(f"{path} answers {page.status_code}")
    if page.status_code != 200 or page.mimetype != "text/html":
        return None
    calls = dict(usage.calls)
    files = {file: client.get(file, headers=_BROWSER).data for file in set(_FILES.findall(page.text))}
    weight = len(page.data) + sum(map(len, files.values()))
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        client.get(path)
        spent.append(time.perf_counter() - began)
    return PageCost(path, calls, **latency(spent), kb=weight / 1000)


def _signed_in(client: FlaskClient, email: str) -> FlaskClient:
    token = _TOKEN.search(client.get("/login").text)
    form = {"email": email, "password": _PASSWORD, "csrf_token": token[1] if token else ""}
    if client.post("/login", data=form).status_code != 302:
        raise SystemExit("the bench cannot sign in")
    return client


def main() -> None:
    """Measure each page as often as the command line says."""
    given: dict[str, Any] = json.load(sys.stdin)
    school = School(**{**given, "today": date.fromisoformat(given["today"])})
    usage = Usage()
    boto3.DEFAULT_SESSION = boto3.Session()
    usage.listen(boto3.DEFAULT_SESSION)
    settings = Settings.from_environment(os.environ)
    people = users(settings)
    people.add(_ADMIN, _PASSWORD, Role.ADMIN)
    people.add(_STUDENT, _PASSWORD, Role.STUDENT, student_id=student_id(school.members(1)[0]))
    app = create_app(WebConfig("s" * 64, settings, local_http=True))
    admin, student = (_signed_in(app.test_client(), email) for email in (_ADMIN, _STUDENT))
    times = int(sys.argv[1])
    found = [
        measure(student if path.startswith(_STUDENTS_OWN) else admin, usage, path, times) for path in paths(app, school)
    ]
    print(json.dumps([asdict(one) for one in found if one]))


if __name__ == "__main__":
    main()
