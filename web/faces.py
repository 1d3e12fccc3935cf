"""What is in the face collection, and what fits together no more: faces without a student, photos without a face."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from attendance.errors import RollcallError
from attendance.students import KeptFace, StoredPhoto, Student
from web.places import cursor
from web.security import account, require_admin, store
from web.services import services

PER_PAGE = 50
LOOKED_THROUGH = 250
"""Students of one look for photos without a face."""
MOST_TOKEN = 255
"""Characters of a cursor of the face service, which refuses longer ones; one cut off begins the list anew."""

_FACE_ID = re.compile(r"[0-9a-f-]{36}")

blueprint = Blueprint("faces", __name__)


def is_face_id(text: str) -> bool:
    """Whether the text is the name of a face: a UUID, as the face service makes them."""
    return _FACE_ID.fullmatch(text) is not None


@dataclass(frozen=True)
class ShownFace:
    """A face with its student and photo; None where it has none any more."""

    face: KeptFace
    student: Student | None
    photo: StoredPhoto | None


@blueprint.get("/faces")
def index() -> ResponseReturnValue:
    """The collection's faces, page by page, each with its student."""
    require_admin()
    asked = request.args.get("after", "")[:MOST_TOKEN]
    faces, following = services().faces.page(PER_PAGE, asked or None)
    return render_template("faces/index.html", faces=_shown(faces), cursor=following, form=FlaskForm(formdata=None))


@blueprint.post("/faces/<face_id>/remove")
def remove(face_id: str) -> ResponseReturnValue:
    """Erase a face that belongs to no photo of a student; one that belongs to a photo goes with the photo only."""
    require_admin()
    if not is_face_id(face_id):
        abort(404)
    if any(shown.photo for shown in _shown(services().faces.kept([face_id]))):
        flash("This face belongs to a student's photo: erase the photo on the student's page.", "danger")
    else:
        services().faces.delete(face_id)
        flash("The face is erased.", "success")
    return redirect(url_for("faces.index"))


@blueprint.get("/faces/missing")
def missing() -> ResponseReturnValue:
    """Photos of students whose face is not in the collection, so that they do not help to recognise anyone."""
    require_admin()
    page = store().roster(services().settings.default_course_id, cursor(), LOOKED_THROUGH)
    found = _without_face([entry.student_id for entry in page.items])
    return render_template("faces/missing.html", found=found, cursor=page.cursor, form=FlaskForm(formdata=None))


@blueprint.post("/students/<student_id>/photos/<digest>/mend")
def mend(student_id: str, digest: str) -> ResponseReturnValue:
    """Put the face of a photo into the collection again."""
    require_admin()
    try:
        services().enroller.mend(student_id, f"photos/{student_id}/{digest}.jpg", account().email)
    except RollcallError as error:
        flash(str(error), "danger")
    else:
        flash("The face is in the collection again.", "success")
    return redirect(url_for("faces.missing"))


def _shown(faces: Sequence[KeptFace]) -> list[ShownFace]:
    students = services().students.students([face.student_id for face in faces if face.student_id])
    shown = []
    for face in faces:
        student = students.get(face.student_id)
        photos = student.photos if student else ()
        photo = next((photo for photo in photos if photo.face_id == face.face_id), None)
        shown.append(ShownFace(face, student, photo))
    return shown


def _without_face(student_ids: Sequence[str]) -> list[tuple[Student, StoredPhoto]]:
    students = services().students.students(student_ids).values()
    photos = [(student, photo) for student in students for photo in student.photos]
    kept = {face.face_id for face in services().faces.kept([photo.face_id for _, photo in photos])}
    return [(student, photo) for student, photo in photos if photo.face_id not in kept]
