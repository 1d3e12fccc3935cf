"""Reduces the pages of a face search to one sighting per student, in memory that does not grow with the video.

A student may have several photos, so several faces of the collection: they are one student. Two people of one frame
cannot be the same student: the name goes to the person whose face fits it best.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from attendance.model import Box, Evidence, Matches, Sighting, Stranger, Video

Page = Mapping[str, Any]
"""One answer of GetFaceSearch, sorted by TIMESTAMP."""

MOST_STRANGERS = 50
"""Of a video: more than a person would look through."""


@dataclass(frozen=True)
class _Candidate:
    """One person of a frame, and how much the face looks like one student."""

    person: int
    student_id: str
    similarity: float
    margin: float | None
    box: Box | None


@dataclass
class Tally:
    """What the pages read so far add up to.

    Pages must come in the order of the service. Memory grows with the number of students and tracked people only.
    """

    video: Video
    _duration_ms: int | None = None
    _detections: int = 0
    _people: set[int] = field(default_factory=set)
    _named: set[int] = field(default_factory=set)
    _strangers: dict[int, Stranger] = field(default_factory=dict)
    _students: dict[str, Sighting] = field(default_factory=dict)
    _frame_ms: int | None = None
    _frame: list[_Candidate] = field(default_factory=list)

    def add(self, page: Page) -> None:
        """Count one page in; a frame may go on over the end of a page."""
        duration = page.get("VideoMetadata", {}).get("DurationMillis")
        self._duration_ms = int(duration) if duration is not None else self._duration_ms
        for detection in page.get("Persons", ()):
            self._detections += 1
            timestamp = int(detection["Timestamp"])
            if timestamp != self._frame_ms:
                self._settle_frame()
                self._frame_ms = timestamp
            person = int(detection["Person"]["Index"])
            self._people.add(person)
            if person not in self._named:
                self._strangers[person] = self._stranger(person, timestamp, detection)
            self._frame += _candidates(person, detection)

    def matches(self) -> Matches:
        """What was found, with students in the order of their ids."""
        self._settle_frame()
        return Matches(
            duration_ms=self._duration_ms,
            detections=self._detections,
            people=len(self._people),
            unknown=len(self._people - self._named),
            students=tuple(self._ended(self._students[student_id]) for student_id in sorted(self._students)),
            strangers=tuple(sorted(self._strangers.values(), key=_seen_most)[:MOST_STRANGERS]),
        )

    def _stranger(self, person: int, timestamp: int, detection: Mapping[str, Any]) -> Stranger:
        """What was seen so far of somebody without a name, this frame included."""
        box = _box(detection["Person"])
        moment = Evidence(self.video.bucket, self.video.key, self.video.version_id, timestamp, box)
        before = self._strangers.get(person)
        if before is None:
            return Stranger(person, 1, timestamp, timestamp, moment)
        return replace(
            before,
            sightings=before.sightings + 1,
            last_seen_ms=timestamp,
            evidence=max(before.evidence, moment, key=lambda one: _area(one.box)),
        )

    def _ended(self, sighting: Sighting) -> Sighting:
        """With the time to the video's end, which only the last page may tell."""
        duration = self._duration_ms
        return (
            sighting
            if duration is None
            else replace(sighting, unseen_after_ms=max(0, duration - sighting.last_seen_ms))
        )

    def _settle_frame(self) -> None:
        """Give the names of a frame that is complete."""
        for candidate in _assigned(self._frame):
            sighting = self._sighting(candidate)
            before = self._students.get(sighting.student_id)
            self._students[sighting.student_id] = merged(before, sighting) if before else sighting
            self._named.add(candidate.person)
            self._strangers.pop(candidate.person, None)
        self._frame = []

    def _sighting(self, candidate: _Candidate) -> Sighting:
        timestamp = self._frame_ms or 0
        video = self.video
        return Sighting(
            student_id=candidate.student_id,
            similarity=candidate.similarity,
            margin=candidate.margin,
            sightings=1,
            first_seen_ms=timestamp,
            last_seen_ms=timestamp,
            evidence=Evidence(video.bucket, video.key, video.version_id, timestamp, candidate.box),
        )


def merged(one: Sighting, other: Sighting) -> Sighting:
    """Two sightings of a student in one video as one; in any order and grouping the result is the same.

    The best moment is the most similar one, the earliest of equals.
    """
    best = min(one, other, key=rank)
    return replace(
        best,
        sightings=one.sightings + other.sightings,
        first_seen_ms=min(one.first_seen_ms, other.first_seen_ms),
        last_seen_ms=max(one.last_seen_ms, other.last_seen_ms),
    )


def rank(sighting: Sighting) -> tuple[float, int, str, str, float]:
    """Sorts the better of two sightings of a student first."""
    moment = sighting.evidence
    margin = 100.0 if sighting.margin is None else sighting.margin
    return (-sighting.similarity, moment.timestamp_ms, moment.key, moment.version_id or "", -margin)


def _seen_most(stranger: Stranger) -> tuple[int, int, int]:
    """Sorts who was seen in more frames first, of equals who came first."""
    return (-stranger.sightings, stranger.first_seen_ms, stranger.person)


def _area(box: Box | None) -> float:
    """Of a face in its frame, as a share of it."""
    return box["Width"] * box["Height"] if box else 0.0


def _candidates(person: int, detection: Mapping[str, Any]) -> list[_Candidate]:
    """Each student the face looks like, by the best of the student's photos.

    Matches without an ExternalImageId are no students' and are passed over.
    """
    best: dict[str, float] = {}
    for match in detection.get("FaceMatches", ()):
        student_id = match.get("Face", {}).get("ExternalImageId")
        similarity = match.get("Similarity")
        if student_id and similarity is not None:
            best[student_id] = max(best.get(student_id, 0.0), float(similarity))
    box = _box(detection["Person"])
    return [
        _Candidate(person, student_id, similarity, _margin(student_id, best), box)
        for student_id, similarity in best.items()
    ]


def _margin(student_id: str, best: Mapping[str, float]) -> float | None:
    others = [similarity for other, similarity in best.items() if other != student_id]
    return best[student_id] - max(others) if others else None


def _box(person: Mapping[str, Any]) -> Box | None:
    """The face's box, else the whole person's; only the four sides."""
    box = person.get("Face", {}).get("BoundingBox") or person.get("BoundingBox")
    return {side: float(box[side]) for side in ("Left", "Top", "Width", "Height")} if box else None


def _assigned(frame: Sequence[_Candidate]) -> list[_Candidate]:
    """The best fits of a frame in which no person has two names and no name two people.

    Best first, so that a sibling whose own best match is already taken still gets the next name.
    """
    people: set[int] = set()
    students: set[str] = set()
    chosen = []
    for candidate in sorted(frame, key=lambda c: (-c.similarity, c.person, c.student_id)):
        if candidate.person not in people and candidate.student_id not in students:
            people.add(candidate.person)
            students.add(candidate.student_id)
            chosen.append(candidate)
    return chosen
