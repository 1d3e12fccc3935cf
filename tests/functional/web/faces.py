"""Face collections in memory: faces are told apart by what a photo's bytes say."""

import hashlib
from collections.abc import Sequence

from attendance.students import FaceMatch, Indexed, KeptFace

JPEG = b"\xff\xd8\xff"


def photo(*people: str, shot: int = 1, flaw: str = "") -> bytes:
    """A photo of the named people; another `shot` has other bytes, a `flaw` is why its face cannot be used."""
    return JPEG + "|".join([",".join(people), str(shot), flaw]).encode()


def _read(content: bytes) -> tuple[list[str], str]:
    people, _, flaw = content.removeprefix(JPEG).decode().split("|")
    return [person for person in people.split(",") if person], flaw


class MemoryFaces:
    """Keeps (student_id, person) by face id; fails on request to show what a failure leaves behind."""

    def __init__(self) -> None:
        self.faces: dict[str, tuple[str, str]] = {}
        self.collections = 0

    def ensure_collection(self) -> None:
        self.collections = 1

    def count(self, content: bytes) -> int:
        return len(_read(content)[0])

    def search(self, content: bytes, threshold: float) -> Sequence[FaceMatch]:
        assert self.collections, "searched before there was a collection"
        people = _read(content)[0]
        return [
            FaceMatch(student_id, 99.5)
            for student_id, person in self.faces.values()
            if threshold <= 99.5 and people and person == people[0]
        ]

    def index(self, content: bytes, student_id: str) -> Indexed:
        assert self.collections, "indexed before there was a collection"
        people, flaw = _read(content)
        if flaw:
            return Indexed(None, (flaw,))
        # As Rekognition does, the same picture under the same id gets the same face again.
        face_id = hashlib.sha256(f"{student_id} {content!r}".encode()).hexdigest()[:36]
        self.faces[face_id] = (student_id, people[0])
        return Indexed(face_id)

    def delete(self, face_id: str) -> None:
        self.faces.pop(face_id, None)

    def of_student(self, student_id: str) -> Sequence[str]:
        return [face_id for face_id, (owner, _) in self.faces.items() if owner == student_id]

    def page(self, limit: int, after: str | None) -> tuple[Sequence[KeptFace], str | None]:
        start = int(after) if after and after.isdecimal() else 0  # a cursor of another list begins anew
        some = list(self.faces.items())[start : start + limit]
        is_more = start + limit < len(self.faces)
        return [KeptFace(face_id, owner) for face_id, (owner, _) in some], str(start + limit) if is_more else None

    def kept(self, face_ids: Sequence[str]) -> Sequence[KeptFace]:
        return [KeptFace(face_id, self.faces[face_id][0]) for face_id in face_ids if face_id in self.faces]
