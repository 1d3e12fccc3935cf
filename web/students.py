"""Students: the list with its search, registration, a student's page, photos."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, SelectMultipleField, StringField
from wtforms.validators import InputRequired

from attendance.enrolment import MAX_PHOTO_BYTES, LookalikeError, Terms, check_id, check_name, photo_key
from attendance.errors import RollcallError
from attendance.model import Enrolment
from attendance.students import Consent, Student, belonging, tally
from attendance.users import Role
from web.consent import today
from web.fields import check_past_day, keeps
from web.places import cursor
from web.security import LARGE_FORMS, account, account_key, limiter, require_admin, store
from web.services import services

MAX_PHOTOS = 5
"""Photos of one form."""
PHOTOS_BYTES = MAX_PHOTOS * (MAX_PHOTO_BYTES + 1024) + 64 * 1024
"""The largest form with photos."""
PHOTO_RATE = "120 per minute; 2000 per day"
"""Forms with photos of one account: enough for whoever enrols class after class, not for a script gone wild."""
NO_CONSENT = "A face may be kept only with consent. Without it, take this student's attendance by hand."
FOUND_AT_MOST = 50
SHOWN_ROWS = 200

blueprint = Blueprint("students", __name__)
LARGE_FORMS.update(dict.fromkeys(("students.register", "students.add_photos", "students.check_photo"), PHOTOS_BYTES))


class PhotosForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Photos to add to a student."""

    photos = MultipleFileField("Photos")
    register_anyway = BooleanField("This is another person, enrol the face anyway")


class RegistrationForm(PhotosForm):
    """A new student."""

    student_id = StringField(
        "Student id",
        [InputRequired("Give the student's id."), keeps(lambda text: check_id(text.strip(), "student id"))],
    )
    student_name = StringField(
        "Full name", [InputRequired("Give the student's name."), keeps(lambda text: check_name(text, "name"))]
    )
    courses = SelectMultipleField("Courses")
    consent = BooleanField("The student has agreed to be recognised by face", [InputRequired(NO_CONSENT)])
    consent_day = StringField("Agreed on", [keeps(check_past_day)])


@dataclass(frozen=True)
class PhotoOutcome:
    """What became of one photo of a form: `problem` is why it was refused, `warnings` what to look into.

    Attributes:
        key: the photo's, whether it is kept or not; empty where there is none.
    """

    name: str
    problem: str = ""
    looks_alike: bool = False
    warnings: tuple[str, ...] = ()
    key: str = ""


@blueprint.get("/students")
def index() -> ResponseReturnValue:
    """Every student, page by page, or those a search finds."""
    require_admin()
    wanted = request.args.get("q", "").strip()[:100]
    if wanted:
        found = services().students.search(wanted, FOUND_AT_MOST + 1)
        return render_template(
            "students/index.html", q=wanted, students=found[:FOUND_AT_MOST], is_more=len(found) > FOUND_AT_MOST
        )
    page = store().roster(services().settings.default_course_id, cursor())
    students = [(entry.student_id, entry.student_name) for entry in page.items]
    return render_template("students/index.html", q="", students=students, cursor=page.cursor)


@blueprint.route("/register-student", methods=["GET", "POST"])
@limiter.limit(PHOTO_RATE, methods=["POST"], key_func=account_key)
def register() -> ResponseReturnValue:
    """The registration form, and its answer."""
    require_admin()
    form = RegistrationForm(consent_day=today())
    form.courses.choices = [
        (course.course_id, course.course_name)
        for course in store().courses_of(account())
        if course.course_id != services().settings.default_course_id  # every student is on it anyway
    ]
    outcomes: list[PhotoOutcome] = []
    if form.validate_on_submit():
        consent = Consent(form.consent_day.data, account().email)
        outcomes = _enrol_all(form, form.student_id.data, form.student_name.data, form.courses.data, consent)
        is_registered = any(not outcome.problem for outcome in outcomes)
        if is_registered or _was_registered(form, outcomes):
            _tell(outcomes if is_registered else ())
            flash(f"{form.student_name.data} is registered.", "success")
            return redirect(url_for("students.show", student_id=form.student_id.data))
    status = 422 if request.method == "POST" else 200
    return render_template("students/new.html", form=form, outcomes=outcomes, max_photos=MAX_PHOTOS), status


@blueprint.post("/check-photo")
@limiter.limit(PHOTO_RATE, key_func=account_key)
def check_photo() -> ResponseReturnValue:
    """Whether a photo would be taken, told while the form is still being filled in; nothing is kept.

    A photo that would be refused is a good answer to the question, not an error of the request.
    """
    require_admin()
    photo = request.files.get("photo")
    if photo is None:
        return jsonify(problem="There is no photo in the request: choose one.", lookalikes=[])
    try:
        matches = services().enroller.check(photo.stream.read(), request.form.get("student_id", ""))
    except RollcallError as error:
        return jsonify(problem=str(error), lookalikes=[])
    return jsonify(problem="", lookalikes=[match.student_id for match in matches])


@blueprint.get("/students/<student_id>")
def show(student_id: str) -> ResponseReturnValue:
    """A student's photos, courses and history."""
    student, enrolments = _visible(student_id)
    rows = (entry for entry in services().students.history(student_id) if account().may_see(entry.course_id))
    history = belonging(rows, enrolments)
    by_course = {course_id: tally(e for e in history if e.course_id == course_id) for course_id in enrolments}
    history.sort(key=lambda entry: (entry.date, entry.session_id), reverse=True)
    return render_template(
        "students/show.html",
        student=student,
        courses=by_course,
        total=tally(history),
        history=history[:SHOWN_ROWS],
        hidden=max(0, len(history) - SHOWN_ROWS),
        form=PhotosForm() if account().role is Role.ADMIN else None,
        max_photos=MAX_PHOTOS,
    )


@blueprint.post("/students/<student_id>/photos")
@limiter.limit(PHOTO_RATE, key_func=account_key)
def add_photos(student_id: str) -> ResponseReturnValue:
    """Add photos to a student."""
    require_admin()
    student, _ = _visible(student_id)
    form = PhotosForm()
    if form.validate_on_submit():
        outcomes = _enrol_all(form, student.student_id, student.student_name, (), None)
        _tell(outcomes)
        added = sum(not outcome.problem for outcome in outcomes)
        if added:
            flash("The photo is added." if added == 1 else f"{added} photos are added.", "success")
        if any(outcome.looks_alike for outcome in outcomes):
            return redirect(url_for("students.show", student_id=student_id, again="1", _anchor="add-photos"))
    return redirect(url_for("students.show", student_id=student_id))


@blueprint.get("/students/<student_id>/photos/<digest>")
def photo(student_id: str, digest: str) -> ResponseReturnValue:
    """A photo: the browser is sent to the bucket, with an address that works for a minute."""
    return redirect(services().photos.address(_key(student_id, digest)))


@blueprint.post("/students/<student_id>/photos/<digest>/remove")
def remove_photo(student_id: str, digest: str) -> ResponseReturnValue:
    """Erase one photo and its face."""
    require_admin()
    try:
        services().enroller.remove_photo(student_id, _key(student_id, digest), account().email)
    except RollcallError as error:
        flash(str(error), "danger")
    else:
        flash("The photo and its face are erased.", "success")
    return redirect(url_for("students.show", student_id=student_id))


def _key(student_id: str, digest: str) -> str:
    """The key of a photo of a student; 404 without such a one."""
    student, _ = _visible(student_id)
    key = next((stored.key for stored in student.photos if stored.digest == digest), None)
    if key is None:
        abort(404)
    return key


def _visible(student_id: str) -> tuple[Student, Mapping[str, Enrolment]]:
    """The student, and the places on the rosters of those courses that this account may see."""
    if account().role is Role.STUDENT:
        abort(403)
    student = services().students.student(student_id)
    found = services().students.enrolments_of(student_id)
    enrolments = {course_id: enrolment for course_id, enrolment in found.items() if account().may_see(course_id)}
    if account().role is not Role.ADMIN and not enrolments:
        abort(403)
    if student is None:
        abort(404)
    return student, enrolments


def _enrol_all(
    form: PhotosForm, student_id: str, student_name: str, courses: Sequence[str], consent: Consent | None
) -> list[PhotoOutcome]:
    """Enrol each photo of a form; with a consent the student must be new, so the first photo decides about that."""
    files = [file for file in form.photos.data or () if isinstance(file, FileStorage) and file.filename]
    if not files:
        return [PhotoOutcome("", "Choose at least one photo of the student.")]
    if len(files) > MAX_PHOTOS:
        return [PhotoOutcome("", f"Choose at most {MAX_PHOTOS} photos at once; more can be added afterwards.")]
    outcomes: list[PhotoOutcome] = []
    for file in files:
        is_first = consent is not None and all(outcome.problem for outcome in outcomes)
        terms = Terms(consent, must_be_new=is_first, may_look_alike=bool(form.register_anyway.data))
        outcomes.append(_enrol(file, student_id, student_name, courses, terms))
    return outcomes


def _was_registered(form: RegistrationForm, outcomes: Iterable[PhotoOutcome]) -> bool:
    """Whether this form was sent before, as by a second click: the student has the name and one of the photos."""
    student = services().students.student(form.student_id.data)
    if student is None or student.erasing_since or student.student_name != form.student_name.data:
        return False
    return not {photo.key for photo in student.photos}.isdisjoint(outcome.key for outcome in outcomes)


def _enrol(file: FileStorage, student_id: str, name: str, courses: Sequence[str], terms: Terms) -> PhotoOutcome:
    photo = file.stream.read()
    outcome = PhotoOutcome(file.filename or "", key=photo_key(student_id, photo))
    try:
        done = services().enroller.enrol(student_id, name, photo, courses, account().email, terms)
    except LookalikeError as error:
        return replace(outcome, problem=str(error), looks_alike=True)
    except RollcallError as error:
        return replace(outcome, problem=str(error))
    return replace(outcome, warnings=done.warnings)


def _tell(outcomes: Iterable[PhotoOutcome]) -> None:
    """Say on the next page what was refused and what to look into."""
    for outcome in outcomes:
        for text in (outcome.problem, *outcome.warnings):
            if text:
                flash(f"{outcome.name}: {text}" if outcome.name else text, "warning")
