"""Puts the faces of kept photos back into the collection: after a new face model, or when the collection was lost."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from attendance.enrolment import Enroller, EnrolmentError
from attendance.students import Faces, Student

TOGETHER = 25
"""Students whose faces are looked for in one call, which takes 4096 faces."""


@dataclass(frozen=True)
class Reindexed:
    """A photo whose face was missing; `problem` is a sentence on why it still is, else empty."""

    student_id: str
    problem: str = ""


def reindex(enroller: Enroller, faces: Faces, pages: Iterable[Sequence[Student]], actor: str) -> Iterator[Reindexed]:
    """Index every kept photo whose face is not in the collection; what is there is left, so it may run again.

    Args:
        enroller: mends a photo.
        faces: the collection, of the face service's present model.
        pages: the students, some at a time (at most `TOGETHER`).
        actor: who does this, for the audit.
    """
    for page in pages:
        students = [student for student in page if not student.erasing_since]
        photos = [(student.student_id, photo) for student in students for photo in student.photos]
        kept = {face.face_id for face in faces.kept([photo.face_id for _, photo in photos])}
        for student_id, photo in photos:
            if photo.face_id not in kept:
                yield _mended(enroller, student_id, photo.key, actor)


def _mended(enroller: Enroller, student_id: str, key: str, actor: str) -> Reindexed:
    try:
        enroller.mend(student_id, key, actor)
    except EnrolmentError as error:
        return Reindexed(student_id, str(error))
    return Reindexed(student_id)
