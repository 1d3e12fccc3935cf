"""Registering a whole class: a table and a zip of photos, done a few seconds at a time, line by line reported."""

import re
import secrets
import time
from dataclasses import replace

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import InputRequired

from attendance.aws.compose import utc_now
from attendance.aws.imports import Import, LineReport
from attendance.csvfile import decode
from attendance.enrolment import Terms
from attendance.errors import RollcallError
from attendance.importing import Importer, Outcome, parse_roster
from attendance.photo_sources import PhotoSource, open_zip
from attendance.students import Consent
from web.fields import check_day, keeps
from web.security import LARGE_FORMS, account, account_key, limiter, require_admin, store
from web.services import services
from web.students import NO_CONSENT

MAX_IMPORT_BYTES = 256 * 1024 * 1024
"""Of the table and the zip together: about a thousand photos. Larger classes are imported with the command line."""
MOST_LINES = 5000
SECONDS = 4.0
"""How long one request works before it answers."""
SHOWN = 300
"""Lines a report shows; those with a problem come first."""
RATE = "20 per hour"

_IMPORT_ID = re.compile(r"[0-9a-f]{16}")

blueprint = Blueprint("imports", __name__)
LARGE_FORMS["imports.begin"] = MAX_IMPORT_BYTES


class ImportForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A table, photos, and what is meant with them."""

    course_id = SelectField("Course")
    table = FileField("Table (CSV)")
    photos = FileField("Photos (zip)")
    consent = BooleanField(
        "Every student in the table has agreed to be recognised by face", [InputRequired(NO_CONSENT)]
    )
    consent_day = StringField("Agreed on", [keeps(check_day)])
    is_dry_run = BooleanField("Try it first: check every line and photo, and change nothing")


@blueprint.route("/imports", methods=["GET", "POST"])
@limiter.limit(RATE, methods=["POST"], key_func=account_key)
def begin() -> ResponseReturnValue:
    """The form of an import, and its answer."""
    require_admin()
    form = ImportForm(consent_day=utc_now().date().isoformat(), is_dry_run=True)
    form.course_id.choices = [(course.course_id, course.course_name) for course in store().courses_of(account())]
    problem = ""
    if form.validate_on_submit():
        try:
            return redirect(url_for("imports.show", import_id=_begun(form).import_id), code=303)
        except RollcallError as error:
            problem = str(error)
    status = 422 if request.method == "POST" else 200
    return render_template("imports/begin.html", form=form, problem=problem), status


@blueprint.get("/imports/<import_id>")
def show(import_id: str) -> ResponseReturnValue:
    """How far an import is; the page's script sends its form until it is done."""
    state = _state(import_id)
    reports = sorted(state.reports, key=lambda report: (not report.problem, not report.warnings, report.number))
    return render_template(
        "imports/show.html",
        state=state,
        reports=reports[:SHOWN],
        hidden=max(0, len(reports) - SHOWN),
        failed=sum(bool(report.problem) for report in reports),
        form=FlaskForm(formdata=None),
        are_photos_there=not state.is_done or state.is_dry_run,
    )


@blueprint.post("/imports/<import_id>/go")
def go(import_id: str) -> ResponseReturnValue:
    """Do some more lines; the second of two such requests at once does them again, which changes nothing."""
    state = _state(import_id)
    if not state.is_done:
        state = _some_more(state)
        services().imports.save(state)
        if state.is_done and not state.is_dry_run:
            services().imports.erase_photos(import_id)
    return redirect(url_for("imports.show", import_id=import_id), code=303)


@blueprint.post("/imports/<import_id>/in-earnest")
def in_earnest(import_id: str) -> ResponseReturnValue:
    """After a dry run, do the same in earnest."""
    state = _state(import_id)
    if state.is_dry_run and state.is_done:
        services().imports.save(replace(state, is_dry_run=False, reports=()))
    return redirect(url_for("imports.show", import_id=import_id), code=303)


@blueprint.post("/imports/<import_id>/give-up")
def give_up(import_id: str) -> ResponseReturnValue:
    """Erase an import's photos without doing the rest; who is enrolled stays enrolled."""
    state = _state(import_id)
    services().imports.erase_photos(import_id)
    rest = tuple(LineReport(line.number, line.student_id, "", "given up") for line in state.left)
    services().imports.save(replace(state, is_dry_run=False, reports=state.reports + rest))
    return redirect(url_for("imports.show", import_id=import_id), code=303)


def _begun(form: ImportForm) -> Import:
    """Check the files as a whole and keep them."""
    if not form.table.data or not form.photos.data:
        raise NoFilesError("Choose both the table and the zip file of photos.")
    lines = parse_roster(decode(form.table.data.stream.read()))
    if len(lines) > MOST_LINES:
        raise NoFilesError(f"The table has more than {MOST_LINES} lines: import it in parts.")
    with open_zip(form.photos.data.stream):
        pass  # it can be read
    form.photos.data.stream.seek(0)
    state = Import(
        import_id=secrets.token_hex(8),
        course_id=form.course_id.data,
        actor=account().email,
        is_dry_run=bool(form.is_dry_run.data),
        consent_day=form.consent_day.data,
        lines=tuple(lines),
    )
    services().imports.keep_photos(state.import_id, form.photos.data.stream)
    services().imports.save(state)
    return state


def _some_more(state: Import) -> Import:
    photos = services().imports.photos(state.import_id)
    if photos is None:
        gone = "the photos of this import are not kept any more: begin it again"
        rest = tuple(LineReport(line.number, line.student_id, "", gone) for line in state.left)
        return replace(state, reports=state.reports + rest)
    until = time.monotonic() + SECONDS
    reports = list(state.reports)
    with photos, open_zip(photos) as source:
        for outcome in _importer(state, source).outcomes(state.left):
            reports.append(_report(outcome))
            if time.monotonic() > until:
                break
    return replace(state, reports=tuple(reports))


def _importer(state: Import, source: PhotoSource) -> Importer:
    terms = Terms(consent=Consent(state.consent_day, state.actor))
    enroller = services().enroller
    return Importer(state.lines, source, enroller, state.course_id, state.actor, terms, is_dry_run=state.is_dry_run)


def _report(outcome: Outcome) -> LineReport:
    line = outcome.line
    return LineReport(line.number, line.student_id[:64], outcome.done, outcome.problem, outcome.warnings)


def _state(import_id: str) -> Import:
    require_admin()
    state = services().imports.load(import_id) if _IMPORT_ID.fullmatch(import_id) else None
    if state is None:
        abort(404)
    return state


class NoFilesError(RollcallError):
    """The files of an import are not there, or too many."""
