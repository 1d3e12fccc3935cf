"""Registering a whole class: a table and a zip of photos, done a few seconds at a time, line by line reported.

The table comes first and is checked as a whole. Then the browser sends the photos into the bucket itself, as it does
with videos, so that they are as many as the bucket takes and not as a request to the web may have.
"""

import re
import secrets
import time
from dataclasses import asdict, replace

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import InputRequired

from attendance.aws.imports import MAX_ZIP_BYTES, Import, LineReport
from attendance.csvfile import decode
from attendance.enrolment import Terms
from attendance.errors import RollcallError
from attendance.importing import Importer, Outcome, parse_roster
from attendance.photo_sources import PhotosError, PhotoSource, open_zip
from attendance.students import Consent
from web.consent import today
from web.fields import check_past_day, keeps
from web.security import LARGE_FORMS, account, account_key, limiter, require_admin, store
from web.services import services
from web.students import NO_CONSENT

MAX_TABLE_BYTES = 2 * 1024 * 1024
"""Of the form with the table."""
MOST_LINES = 5000
SECONDS = 4.0
"""How long one request works before it answers."""
SHOWN = 300
"""Lines a report shows; those with a problem come first."""
MOST_UNFINISHED = 10
"""Imports among which the page of the form looks for those to go on with."""
RATE = "20 per hour"

_IMPORT_ID = re.compile(r"[0-9a-f]{16}")

blueprint = Blueprint("imports", __name__)
LARGE_FORMS["imports.begin"] = MAX_TABLE_BYTES


class ImportForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A table, and what is meant with it."""

    course_id = SelectField("Course")
    table = FileField("Table (CSV)")
    consent = BooleanField(
        "Every student in the table has agreed to be recognised by face", [InputRequired(NO_CONSENT)]
    )
    consent_day = StringField("Agreed on", [keeps(check_past_day)])
    is_dry_run = BooleanField("Try it first: check every line and photo, and change nothing")


@blueprint.route("/imports", methods=["GET", "POST"])
@limiter.limit(RATE, methods=["POST"], key_func=account_key)
def begin() -> ResponseReturnValue:
    """The form of an import, and its answer."""
    require_admin()
    form = ImportForm(consent_day=today(), is_dry_run=True)
    form.course_id.choices = [(course.course_id, course.course_name) for course in store().courses_of(account())]
    problem = ""
    if form.validate_on_submit():
        try:
            return redirect(url_for("imports.show", import_id=_begun(form).import_id), code=303)
        except RollcallError as error:
            problem = str(error)
    status = 422 if request.method == "POST" else 200
    unfinished = services().imports.unfinished(MOST_UNFINISHED)
    return render_template("imports/begin.html", form=form, problem=problem, unfinished=unfinished), status


@blueprint.get("/imports/<import_id>")
def show(import_id: str) -> ResponseReturnValue:
    """How far an import is; the page's script sends its form until it is done. Without its photos it asks for them."""
    state = _state(import_id)
    has_photos = services().imports.has_photos(import_id)
    if not state.is_done and not has_photos:
        return _ask_for_photos(state)
    reports = sorted(state.reports, key=lambda report: (not report.problem, not report.warnings, report.number))
    return render_template(
        "imports/show.html",
        state=state,
        reports=reports[:SHOWN],
        hidden=max(0, len(reports) - SHOWN),
        failed=sum(bool(report.problem) for report in reports),
        form=FlaskForm(formdata=None),
        are_photos_there=has_photos,
    )


@blueprint.post("/imports/<import_id>/go")
def go(import_id: str) -> ResponseReturnValue:
    """Do some more lines; the second of two such requests at once does them again, which changes nothing."""
    state = _state(import_id)
    if not state.is_done:
        try:
            state = _some_more(state)
        except PhotosError as error:
            services().imports.erase_photos(import_id)
            flash(str(error), "danger")
        if not _state(import_id).is_given_up:  # while these lines were done
            services().imports.save(state)
        if state.is_done and not state.is_dry_run:
            services().imports.erase_photos(import_id)
    return redirect(url_for("imports.show", import_id=import_id), code=303)


@blueprint.post("/imports/<import_id>/in-earnest")
def in_earnest(import_id: str) -> ResponseReturnValue:
    """After a dry run, do the same in earnest."""
    state = _state(import_id)
    if state.is_dry_run and state.is_done and not state.is_given_up:
        services().imports.save(replace(state, is_dry_run=False, reports=()))
    return redirect(url_for("imports.show", import_id=import_id), code=303)


@blueprint.post("/imports/<import_id>/give-up")
def give_up(import_id: str) -> ResponseReturnValue:
    """Erase an import's photos without doing the rest; who is enrolled stays enrolled."""
    state = _state(import_id)
    services().imports.erase_photos(import_id)
    if state.is_dry_run or not state.is_done:
        services().imports.save(replace(state, is_given_up=True))
    return redirect(url_for("imports.show", import_id=import_id), code=303)


def _ask_for_photos(state: Import) -> str:
    imports, here = services().imports, url_for("imports.show", import_id=state.import_id, _external=True)
    return render_template(
        "imports/photos.html",
        state=state,
        most_bytes=MAX_ZIP_BYTES,
        direct=imports.photos_form(state.import_id, then=here),
        # A script may not be led to another origin and back, so its form leads nowhere.
        scripted=asdict(imports.photos_form(state.import_id)),
        form=FlaskForm(formdata=None),
    )


def _begun(form: ImportForm) -> Import:
    """Check the table as a whole and keep it."""
    if not form.table.data:
        raise BadTableError("Choose the table: a CSV file.")
    lines = parse_roster(decode(form.table.data.stream.read()))
    if len(lines) > MOST_LINES:
        raise BadTableError(f"The table has more than {MOST_LINES} lines: import it in parts.")
    state = Import(
        import_id=secrets.token_hex(8),
        course_id=form.course_id.data,
        actor=account().email,
        is_dry_run=bool(form.is_dry_run.data),
        consent_day=form.consent_day.data,
        lines=tuple(lines),
    )
    services().imports.save(state)
    return state


def _some_more(state: Import) -> Import:
    """The import with some more lines done; as it is while its photos are not there.

    Raises:
        PhotosError: they are no zip file.
    """
    photos = services().imports.photos(state.import_id)
    if photos is None:
        return state
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


class BadTableError(RollcallError):
    """The table of an import is not there, or too long."""
