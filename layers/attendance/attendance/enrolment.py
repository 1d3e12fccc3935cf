"""Enrolling a student: one checked photo becomes one face in the collection, one private photo, and roster rows.

The order makes a failure harmless. A photo is judged before anything is kept; the face is indexed first and deleted
again when the photo or the tables cannot be written; the tables are written in one transaction.
"""

import hashlib
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

import pytz

from attendance.errors import RollcallError
from attendance.keys import UNFILED, is_id
from attendance.refusals import in_words
from attendance.students import Consent, Directory, Enrolled, FaceMatch, Faces, Photos, StoredPhoto, Student

MAX_PHOTO_BYTES = 5 * 1024 * 1024
"""Rekognition's limit of an image sent as bytes."""
MAX_NAME = 200
"""Characters of a student's or a course's name."""
MAX_COURSES = 80
"""Courses of one enrolment; a DynamoDB transaction has at most 100 actions, some of them for the name's words."""
SAME_PERSON_SIMILARITY = 90.0
"""0-100; from here on a face already enrolled under another id is worth a warning."""

_MAGIC = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


class EnrolmentError(RollcallError):
    """The base of every reason why an enrolment is refused; its text says what to do."""


class InvalidIdError(EnrolmentError):
    """A student_id or course_id has other characters than allowed."""


class InvalidNameError(EnrolmentError):
    """A name is empty, too long, or holds control characters."""


class InvalidTimeZoneError(EnrolmentError):
    """Not a name of the IANA time zone database."""


class InvalidPhotoError(EnrolmentError):
    """The bytes are no photo that can be used."""


class NoFaceError(InvalidPhotoError):
    """No face was found on the photo."""


class SeveralFacesError(InvalidPhotoError):
    """There is more than one face on the photo."""


class PoorPhotoError(InvalidPhotoError):
    """The face is not good enough to be recognised by; the text says why."""


class DuplicateStudentError(EnrolmentError):
    """The student_id belongs to a student of another name."""


class NoSuchCourseError(EnrolmentError):
    """Nobody created the course, or there are too many of them."""


class PhotoConflictError(EnrolmentError):
    """The student was changed by someone else at the same moment."""


class NoSuchPhotoError(EnrolmentError):
    """The student has no such photo, or it is not kept any more."""


class NoSuchStudentError(EnrolmentError):
    """There is no such student, or none that can be changed."""


class NoConsentError(EnrolmentError):
    """The student has not agreed to be recognised by face, as far as anybody recorded, or does not agree any more."""


class BeingErasedError(EnrolmentError):
    """The student is being erased, or was: an id that old registers hold is not given again."""


class OutdatedCollectionError(EnrolmentError):
    """The enrolled faces are of another face model than the face service has by now."""

    def __init__(self) -> None:
        super().__init__(
            "The face service has another face model by now: an administrator indexes the kept photos again with"
            " `rollcall students reindex`."
        )


class LookalikeError(EnrolmentError):
    """The face is enrolled under another id already, and nobody said that this is right."""

    def __init__(self, matches: Sequence[FaceMatch]) -> None:
        super().__init__(" ".join(map(in_a_sentence, matches)))
        self.matches = tuple(matches)


@dataclass(frozen=True)
class Terms:
    """How an enrolment is meant.

    Attributes:
        consent: what the student agreed to, to be kept with the photo.
        must_be_new: refuse an id that is registered already, whatever its name.
        may_look_alike: enrol a face that is there under another id all the same, with a warning.
        must_have_consent: refuse a photo of a student of whom no consent is recorded.
        source: of a photo that is a picture of a video, as in `StoredPhoto`.
    """

    consent: Consent | None = None
    must_be_new: bool = False
    may_look_alike: bool = True
    must_have_consent: bool = False
    source: str = ""


ANY_TERMS = Terms()


class Enroller:
    """Enrols students and creates courses."""

    def __init__(
        self,
        faces: Faces,
        photos: Photos,
        directory: Directory,
        default_course_id: str,
        now: Callable[[], datetime],
    ) -> None:
        self._faces = faces
        self._photos = photos
        self._directory = directory
        self._default_course_id = default_course_id
        self._now = now

    def enrol(
        self,
        student_id: str,
        student_name: str,
        photo: bytes,
        course_ids: Sequence[str],
        actor: str,
        terms: Terms = ANY_TERMS,
    ) -> Enrolled:
        """Enrol one photo of a student and put the student on the rosters of the courses and of the default course.

        A further photo of the same id and name is added; the same photo again changes nothing but missing rosters.

        Args:
            student_id: 1-64 of `[A-Za-z0-9._-]`, starting with a letter or digit.
            student_name: 1-200 characters of any script.
            photo: a JPEG or PNG file of at most 5 MB with exactly one face.
            course_ids: courses that exist; the default course needs no naming.
            actor: who does this, for the audit.
            terms: what else is asked for.

        Raises:
            EnrolmentError: the named reason of a refusal; nothing was kept.
        """
        student = self._admitted(student_id, student_name, terms)
        content_type = check_photo(photo)
        courses = self._courses(course_ids)
        key = photo_key(student.student_id, photo)
        for stored in student.photos:
            if stored.key == key:
                self._directory.add_to_rosters(student, courses)
                return Enrolled(student.student_id, student.student_name, key, stored.face_id, is_new=False)
        lookalikes = self._looked_at(student.student_id, photo, terms)
        stored = StoredPhoto(key, "", self._time(), terms.source)
        enrolled = self._add(replace(student, consent=terms.consent), stored, photo, content_type, courses, actor)
        return replace(enrolled, warnings=tuple(map(in_a_sentence, lookalikes)))

    def rehearse(
        self, student_id: str, student_name: str, photo: bytes, terms: Terms = ANY_TERMS
    ) -> Sequence[FaceMatch]:
        """Judge an enrolment as `enrol` would; nothing is kept.

        Returns:
            What `check` does; nothing for a photo that the student has already.

        Raises:
            EnrolmentError: the named reason of a refusal. Whether a face is sharp and light enough shows only at the
                enrolment.
        """
        student = self._admitted(student_id, student_name, terms)
        check_photo(photo)
        key = photo_key(student_id, photo)
        if any(stored.key == key for stored in student.photos):
            return ()
        return self._looked_at(student_id, photo, terms)

    def check(self, photo: bytes, student_id: str = "") -> Sequence[FaceMatch]:
        """Look at a photo before it is enrolled; nothing is kept.

        Returns:
            Faces of students other than `student_id` that look like it, the best of each, best first.

        Raises:
            InvalidPhotoError: the named reason why it would be refused. Whether a face is sharp and light enough shows
                only at the enrolment.
        """
        check_photo(photo)
        return self._looked_at(student_id, photo, ANY_TERMS)

    def mend(self, student_id: str, key: str, actor: str) -> None:
        """Put a photo's face into the collection again, from the photo that is kept.

        Raises:
            NoSuchPhotoError: the student has no such photo, or it is not kept any more.
            PoorPhotoError: the face service has since become stricter.
            PhotoConflictError: the student was changed at the same moment.
        """
        student = self._with_photo(student_id, key)
        photo = self._photos.get(key)
        if photo is None:
            raise NoSuchPhotoError("The photo itself is gone: remove it here, and add another one.")
        self._faces.ensure_collection()
        indexed = self._faces.index(photo, student_id)
        if indexed.face_id is None:
            raise PoorPhotoError(f"This photo cannot be used: {in_words(indexed.refusals)}.")
        if not self._directory.replace_face(student, key, indexed.face_id, actor):
            self._faces.delete(indexed.face_id)
            raise PhotoConflictError("Someone changed this student at the same moment: try again.")

    def remove_photo(self, student_id: str, key: str, actor: str) -> None:
        """Erase one photo of a student and its face. What a failure leaves of it is erased by another call.

        Raises:
            NoSuchPhotoError: the student has no such photo.
            PhotoConflictError: the student was changed at the same moment.
        """
        student = self._with_photo(student_id, key)
        self._faces.delete(next(stored.face_id for stored in student.photos if stored.key == key))
        self._photos.delete(key)
        if not self._directory.remove_photo(student, key, actor):
            raise PhotoConflictError("Someone changed this student at the same moment: try again.")

    def withdraw_consent(self, student_id: str, actor: str) -> int:
        """Erase every photo of a student and its face, and take none any more until a consent is recorded again.

        What a failure leaves of them is erased by another call.

        Returns:
            How many photos were erased.

        Raises:
            NoSuchStudentError: there is none, or it is being erased altogether.
            PhotoConflictError: the student was changed at the same moment.
        """
        student = self._directory.student(student_id)
        if student is None or student.erasing_since:
            raise NoSuchStudentError("This student is not there any more, or is being removed: reload the page.")
        if not student.consent_withdrawn_at and not self._directory.withdraw_consent(student, self._time(), actor):
            raise PhotoConflictError("Someone changed this student at the same moment: try again.")
        erased = 0
        # Read anew: a photo may have come before the consent went, and none comes after.
        while (student := self._directory.student(student_id)) and student.photos:
            self.remove_photo(student_id, student.photos[0].key, actor)
            erased += 1
        return erased

    def student(self, student_id: str) -> Student | None:
        """The student as of now, or None."""
        return self._directory.student(student_id)

    def ensure_course(self, course_id: str, course_name: str, time_zone: str) -> bool:
        """Create the course unless it is there; an existing one is left as it is.

        Returns:
            Whether it was created.

        Raises:
            InvalidIdError: `course_id` is none.
            InvalidNameError: `course_name` is none.
            InvalidTimeZoneError: `time_zone` is no name of the IANA database.
        """
        if time_zone not in pytz.all_timezones_set:
            raise InvalidTimeZoneError(f"{time_zone!r} is no time zone: write it like Europe/Berlin or UTC.")
        return self._directory.add_course(
            check_id(course_id, "course id"), check_name(course_name, "course name"), time_zone, self._time()
        )

    def _admitted(self, student_id: str, student_name: str, terms: Terms) -> Student:
        """The student who may be enrolled by this id and name: the one that is kept, or a new one."""
        student = Student(check_id(student_id, "student id"), check_name(student_name, "name"))
        known = self._directory.student(student.student_id)
        if known is not None:
            _refuse_unless_the_same(known, student, must_be_new=terms.must_be_new)
            student = known
        elif self._directory.was_erased(student.student_id):
            raise BeingErasedError(f"The id {student.student_id} was that of a removed student: take another id.")
        _refuse_without_consent(student, terms)
        return student

    def _with_photo(self, student_id: str, key: str) -> Student:
        student = self._directory.student(student_id)
        if student is None or all(stored.key != key for stored in student.photos):
            raise NoSuchPhotoError("This photo is not there any more: reload the page.")
        return student

    def _courses(self, course_ids: Sequence[str]) -> list[str]:
        courses = sorted({check_id(course_id, "course id") for course_id in course_ids} - {self._default_course_id})
        if len(courses) > MAX_COURSES:
            raise NoSuchCourseError(f"A student can be put on at most {MAX_COURSES} courses at once.")
        for course_id in courses:
            if not self._directory.course_exists(course_id):
                raise NoSuchCourseError(f"There is no course {course_id}: create it first.")
        return [self._default_course_id, *courses]

    def _add(
        self, student: Student, new: StoredPhoto, photo: bytes, content_type: str, courses: Sequence[str], actor: str
    ) -> Enrolled:
        with self._indexed(student.student_id, new.key, photo) as face_id:
            stored = replace(new, face_id=face_id)
            with self._kept(student.student_id, new.key, photo, content_type):
                if not self._directory.add_photo(student, stored, courses, actor):
                    raise PhotoConflictError("Someone changed this student at the same moment: try again.")
        return Enrolled(student.student_id, student.student_name, new.key, face_id, is_new=True)

    def _looked_at(self, student_id: str, photo: bytes, terms: Terms) -> list[FaceMatch]:
        """Refuse a photo unless it has one face; that of others it looks like, best first, where the terms let it."""
        faces = self._faces.count(photo)
        if faces == 0:
            raise NoFaceError("There is no face on this photo: take one that shows the face from the front.")
        if faces > 1:
            raise SeveralFacesError(f"There are {faces} faces on this photo: crop it to the student alone.")
        lookalikes = self._lookalikes(student_id, photo)
        if lookalikes and not terms.may_look_alike:
            raise LookalikeError(lookalikes)
        return lookalikes

    def _lookalikes(self, student_id: str, photo: bytes) -> list[FaceMatch]:
        self._faces.ensure_collection()
        others = {m.student_id: m for m in reversed(self._faces.search(photo, SAME_PERSON_SIMILARITY))}
        others.pop(student_id, None)
        return sorted(others.values(), key=lambda match: (-match.similarity, match.student_id))

    @contextmanager
    def _indexed(self, student_id: str, key: str, photo: bytes) -> Iterator[str]:
        """Index the face; delete it again when the block fails, unless another call has enrolled this very photo."""
        indexed = self._faces.index(photo, student_id)
        if indexed.face_id is None:
            raise PoorPhotoError(f"This photo cannot be used: {in_words(indexed.refusals)}.")
        try:
            yield indexed.face_id
        except BaseException:
            if not self._is_enrolled(student_id, key):
                self._faces.delete(indexed.face_id)
            raise

    @contextmanager
    def _kept(self, student_id: str, key: str, photo: bytes, content_type: str) -> Iterator[None]:
        """Keep the photo; remove it again when the block fails, unless another call has enrolled this very photo."""
        try:
            self._photos.put(key, photo, content_type)
            yield
        except BaseException:
            if not self._is_enrolled(student_id, key):
                self._photos.delete(key)
            raise

    def _is_enrolled(self, student_id: str, key: str) -> bool:
        try:
            student = self._directory.student(student_id)
        except Exception:  # the tables are out of reach: then nothing was written to them either
            return False
        return student is not None and any(stored.key == key for stored in student.photos)

    def _time(self) -> str:
        return self._now().isoformat(timespec="seconds")


def check_id(text: str, what: str) -> str:
    """The id, unchanged.

    Raises:
        InvalidIdError: not 1-64 of `[A-Za-z0-9._-]` starting with a letter or digit, or a word of our own.
    """
    if not is_id(text) or text == UNFILED:
        raise InvalidIdError(
            f"{text[:80]!r} is no {what}: use 1 to 64 of the letters A-Z and a-z, digits, dot, underscore and hyphen, "
            "starting with a letter or digit, and not the word unfiled."
        )
    return text


def one_spelling(text: str) -> str:
    """A name as it is compared and kept: Unicode NFC, inner white space single, trimmed."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def check_name(text: str, what: str) -> str:
    """The name in its one spelling: Unicode NFC, inner white space single, trimmed.

    Raises:
        InvalidNameError: empty, over 200 characters, or with characters that cannot be shown.
    """
    name = one_spelling(text)
    if not 1 <= len(name) <= MAX_NAME:
        raise InvalidNameError(f"A {what} has 1 to {MAX_NAME} characters; this one has {len(name)}.")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") for character in name):
        raise InvalidNameError(f"This {what} holds characters that cannot be shown: type it again.")
    return name


def check_photo(photo: bytes) -> str:
    """The content type of a photo, read from its first bytes.

    Raises:
        InvalidPhotoError: empty, over 5 MB, or neither JPEG nor PNG.
    """
    if not photo:
        raise InvalidPhotoError("The photo is empty: choose a JPEG or PNG file.")
    if len(photo) > MAX_PHOTO_BYTES:
        raise InvalidPhotoError(f"The photo has {len(photo) / 2**20:.1f} MB: save it smaller, 5 MB is the most.")
    for magic, content_type in _MAGIC.items():
        if photo.startswith(magic):
            return content_type
    raise InvalidPhotoError("This is neither a JPEG nor a PNG file: save the photo as one of these.")


def photo_key(student_id: str, photo: bytes) -> str:
    """The object key of a photo: the same bytes of the same student always have the same key."""
    return f"photos/{student_id}/{hashlib.sha256(photo).hexdigest()}.jpg"


def _refuse_unless_the_same(known: Student, student: Student, *, must_be_new: bool) -> None:
    if known.erasing_since:
        raise BeingErasedError(f"Student {known.student_id} is being removed: finish that first.")
    if must_be_new:
        raise DuplicateStudentError(
            f"The id {known.student_id} is registered already: check the id, or add the photo on that student's page."
        )
    if known.student_name != student.student_name:
        raise DuplicateStudentError(
            f"The id {student.student_id} belongs to a student of another name: check the id, or the spelling."
        )


def _refuse_without_consent(student: Student, terms: Terms) -> None:
    if student.consent_withdrawn_at:
        raise NoConsentError(
            f"Student {student.student_id} withdrew the consent, so no face is kept: record a new one on the student's "
            "page first."
        )
    if terms.must_have_consent and student.consent is None and terms.consent is None:
        raise NoConsentError(
            f"No consent of student {student.student_id} is recorded, so no face is kept: record it on the student's "
            "page first."
        )


def in_a_sentence(match: FaceMatch) -> str:
    """What a person should know of a face that is enrolled already."""
    return (
        f"This face looks like student {match.student_id}'s (similarity {match.similarity:.0f}): "
        "check that one person is not enrolled twice."
    )
