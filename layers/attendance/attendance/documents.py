"""The documents that one step leaves in the work bucket for the next, and the items of the attendance table."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from attendance.model import Evidence, Matches, Register, Row, Sighting, Status, Stranger, Thresholds


def from_matches(matches: Matches) -> dict[str, Any]:
    """The document matches.json."""
    return asdict(matches)


def to_matches(document: Mapping[str, Any]) -> Matches:
    """Read matches.json."""
    students = tuple(Sighting(**_with_evidence(sighting)) for sighting in document["students"])
    strangers = tuple(Stranger(**_with_evidence(stranger)) for stranger in document.get("strangers", ()))
    return Matches(**{**document, "students": students, "strangers": strangers})


def from_register(register: Register) -> dict[str, Any]:
    """The document of a decided register."""
    return asdict(register)


def to_register(document: Mapping[str, Any]) -> Register:
    """Read the document of a decided register."""
    given = dict(document)
    given["thresholds"] = Thresholds(**given["thresholds"])
    given["models"] = tuple(given["models"])
    given["sources"] = tuple(given["sources"])
    given["rows"] = tuple(_to_row(row) for row in given["rows"])
    given["former"] = {student_id: Status(status) for student_id, status in given.get("former", {}).items()}
    return Register(**given)


def attendance_item(register: Register, row: Row) -> dict[str, Any]:
    """A row as the attendance table keeps it; without evidence it has neither similarity nor times."""
    item = {
        "session_key": register.session_key,
        "course_id": register.course_id,
        "session_id": register.session_id,
        "date": register.date,
        "source": register.source,
        "thresholds": asdict(register.thresholds),
        "model": ", ".join(register.models) or None,
    }
    names = {field.name for field in fields(Row)} if row.evidence else _NAMED
    return item | {name: value for name, value in asdict(row).items() if name in names}


def _with_evidence(seen: Mapping[str, Any]) -> dict[str, Any]:
    return {**seen, "evidence": Evidence(**seen["evidence"])}


_NAMED = {"student_id", "student_name", "status", "sightings"}


def _to_row(row: Mapping[str, Any]) -> Row:
    evidence = row["evidence"]
    return Row(**{**row, "status": Status(row["status"]), "evidence": Evidence(**evidence) if evidence else None})
