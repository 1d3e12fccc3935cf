"""A lecture as a face search tells it, of any length and size, and what is true of each student in it.

Everything follows from numbers: pages are made when they are asked for, and no two runs differ.
"""

from dataclasses import dataclass

PER_PAGE = 1_000
"""Detections of one answer of GetFaceSearch, the most it gives."""
PRESENT_AT, REVIEW_AT = 99.0, 90.0
"""Thresholds under which the similarities mean what `Truth` says."""
USUAL = 95.0
"""Similarity of a student in all moments but the best."""

_BOX = '{"Left": 0.25, "Top": 0.5, "Width": 0.0625, "Height": 0.125}'


@dataclass(frozen=True)
class Truth:
    """What the register must say of a student who is seen; times in milliseconds."""

    status: str
    similarity: float
    sightings: int
    first_seen_ms: int
    last_seen_ms: int
    best_ms: int


@dataclass(frozen=True)
class Lecture:
    """A video and a roster.

    Attributes:
        roster: students enrolled, named by `student_id`.
        seen: students who are seen, evenly spread over the roster; must divide it and `frames * seated`.
        unsure: how many of them are never seen surely enough to be present.
        seated: faces of a frame that look like a student, at most `seen`: they take turns.
        strangers: faces of a frame that look like nobody.
        frames: frames that were searched.
        frame_ms: milliseconds from one to the next.
        more_names: each student has so many more, so that a small roster fills pages too.
    """

    roster: int
    seen: int
    unsure: int
    seated: int
    strangers: int
    frames: int
    frame_ms: int
    more_names: int = 0

    @property
    def detections(self) -> int:
        """Faces of all frames."""
        return self.frames * (self.seated + self.strangers)

    @property
    def pages(self) -> int:
        """Answers of GetFaceSearch that hold them."""
        return max(1, -(-self.detections // PER_PAGE))

    @property
    def sightings(self) -> int:
        """Frames in which each student is seen."""
        return self.frames * self.seated // self.seen

    def student_id(self, number: int) -> str:
        """The id of a student who is seen, from 0."""
        return student_id(number * (self.roster // self.seen))

    def name(self, number: int) -> str:
        """The name of a student of the roster, from 0; each two share one."""
        return f"Zoë Übel {number // 2}" + " Maria" * self.more_names

    def truth(self, number: int) -> Truth:
        """What is true of a student who is seen, from 0."""
        best = self._best(number)
        return Truth(
            status="present" if number < self.seen - self.unsure else "review",
            similarity=self._similarity(number, best),
            sightings=self.sightings,
            first_seen_ms=self._moment(number, 0),
            last_seen_ms=self._moment(number, self.sightings - 1),
            best_ms=self._moment(number, best),
        )

    def page(self, number: int) -> bytes:
        """The body of one answer of GetFaceSearch, from 0."""
        last = min((number + 1) * PER_PAGE, self.detections)
        persons = ",".join(map(self._detection, range(number * PER_PAGE, last)))
        following = f', "NextToken": "{number + 1}"' if number + 1 < self.pages else ""
        metadata = f'{{"DurationMillis": {self.frames * self.frame_ms}}}'
        return (
            f'{{"JobStatus": "SUCCEEDED", "VideoMetadata": {metadata}, "Persons": [{persons}]{following}}}'
        ).encode()

    def _moment(self, number: int, sighting: int) -> int:
        """When a student is seen for the nth time."""
        return (number + sighting * self.seen) // self.seated * self.frame_ms

    def _best(self, number: int) -> int:
        """Which sighting looks most like the student: the first of one, the second of the next, and so on."""
        return number % self.sightings

    def _similarity(self, number: int, sighting: int) -> float:
        if sighting != self._best(number):
            return USUAL
        return PRESENT_AT + number % 100 / 100 if number < self.seen - self.unsure else USUAL + 2.5

    def _detection(self, number: int) -> str:
        """One face of one frame as JSON; text, since a million of them are to be made quickly."""
        frame, seat = divmod(number, self.seated + self.strangers)
        if seat >= self.seated:
            return self._person(frame, self.seen + seat, "")
        sighting, student = divmod(frame * self.seated + seat, self.seen)
        face = f'{{"ExternalImageId": "{self.student_id(student)}"}}'
        return self._person(frame, student, f'{{"Similarity": {self._similarity(student, sighting)}, "Face": {face}}}')

    def _person(self, frame: int, index: int, match: str) -> str:
        person = f'{{"Index": {index}, "Face": {{"BoundingBox": {_BOX}}}}}'
        return f'{{"Timestamp": {frame * self.frame_ms}, "Person": {person}, "FaceMatches": [{match}]}}'


def student_id(number: int) -> str:
    """The id of a student of a roster, from 0."""
    return f"s-{number:05d}"
