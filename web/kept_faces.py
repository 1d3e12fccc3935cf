"""An unknown face that was given a name becomes a photo of that student; the browser takes the picture of the video."""

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from attendance.enrolment import MAX_PHOTO_BYTES, Terms
from attendance.errors import RollcallError
from attendance.register import Session
from attendance.students import Student
from web.courses import visible_session
from web.security import LARGE_FORMS, account, account_key, limiter, require_admin, store
from web.services import services
from web.session_page import UnknownFace, unknown_faces
from web.students import PHOTO_RATE

blueprint = Blueprint("kept_faces", __name__)
LARGE_FORMS["kept_faces.keep"] = MAX_PHOTO_BYTES + 64 * 1024


@blueprint.post("/courses/<course_id>/sessions/<session_id>/unknown/<video_id>/<int:person>/photo")
@limiter.limit(PHOTO_RATE, key_func=account_key)
def keep(course_id: str, session_id: str, video_id: str, person: int) -> ResponseReturnValue:
    """Enrol the picture of an unknown face as a photo of the student whom an instructor recognised in it."""
    require_admin()
    _, session = visible_session(course_id, session_id)
    faces = unknown_faces(session, store().rows(session))
    face = next((one for one in faces if one.is_(video_id, person)), None)
    picture = request.files.get("photo")
    if face is None:
        abort(404)
    if picture is None:
        abort(400)
    student = services().students.student(face.row.student_id) if face.row else None
    is_kept = student is not None and _enrol(student, picture.stream.read(), _terms(session, face))
    if student is None:
        flash("Nothing was kept: nobody counts as this face any more. Say who it is first.", "warning")
    # What is to be done about a refusal is told at the top of the page.
    anchor = f"unknown-{face.anchor}" if is_kept else None
    return redirect(url_for("courses.session", course_id=course_id, session_id=session_id, _anchor=anchor), code=303)


def _terms(session: Session, face: UnknownFace) -> Terms:
    return Terms(
        may_look_alike="register_anyway" in request.form,
        must_have_consent=True,
        source=face.source_in(session),
    )


def _enrol(student: Student, picture: bytes, terms: Terms) -> bool:
    """Keep the photo and say so, or say what to do; whether it is kept."""
    try:
        done = services().enroller.enrol(student.student_id, student.student_name, picture, (), account().email, terms)
    except RollcallError as error:
        flash(f"Nothing was kept. {error}", "warning")
        return False
    flash(f"This face is a photo of {student.student_name} now.", "success")
    for warning in done.warnings:
        flash(warning, "warning")
    return True
