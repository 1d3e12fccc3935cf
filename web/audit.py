"""The audit, as administrators read it: who did what to whom or what, and when."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from web.security import require_admin
from web.services import services

MOST_ENTRIES = 200
"""Of a subject, the newest."""
MOST_BYTES = 1000
"""Of an id: more than any has, and less than a key of DynamoDB may have."""
KINDS = {
    "student": "Student, by id",
    "account": "Account, by email",
    "course": "Course, by id",
    "roster": "Place on a roster, as course#student",
    "session": "Roll of a class, as course#date",
    "attendance": "Row of a register, as course#date#student",
    "video": "Recording, by the id in its address",
    "export": "Exports, by the email of who made them, or cli:user",
}
"""What the subjects of the audit begin with, and what an administrator types after it."""

blueprint = Blueprint("audit", __name__)


@blueprint.get("/audit")
def show() -> ResponseReturnValue:
    """What was done to one subject, the newest first, and the form that asks for another."""
    require_admin()
    kind = request.args.get("kind", "")
    kind = kind if kind in KINDS else "student"
    subject = request.args.get("id", "").strip().encode()[:MOST_BYTES].decode(errors="ignore")
    entries = services().audit.history(f"{kind}#{subject}", MOST_ENTRIES) if subject else []
    return render_template(
        "audit.html",
        kinds=KINDS,
        kind=kind,
        subject=subject,
        entries=entries,
        most=MOST_ENTRIES,
        time_zone=services().settings.default_time_zone,
    )
