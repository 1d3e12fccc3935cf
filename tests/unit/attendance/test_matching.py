"""The reduction of a face search to sightings."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.matching import MOST_STRANGERS, Tally, merged
from attendance.model import Evidence, Matches, Sighting
from tests.builders import BOX, detection, page, video

STUDENTS = ["ada", "grace", "linus", "o_brien", "zoë"]


def reduced(*pages: dict[str, Any]) -> Matches:
    tally = Tally(video())
    for each in pages:
        tally.add(each)
    return tally.matches()


def names(matches: Matches) -> list[str]:
    return [sighting.student_id for sighting in matches.students]


def test_a_student_on_page_two_is_found() -> None:
    matches = reduced(page(detection(0, 0, {"ada": 99.0})), page(detection(500, 1, {"grace": 98.0})))
    assert names(matches) == ["ada", "grace"]


def test_two_photos_of_one_student_are_one_student_with_the_better_similarity() -> None:
    (ada,) = reduced(page(detection(0, 0, [("ada", 91.0), ("ada", 99.0)]))).students
    assert (ada.similarity, ada.sightings, ada.margin) == (99.0, 1, None)


def test_the_margin_is_the_distance_to_another_student_not_to_another_photo() -> None:
    (ada,) = reduced(page(detection(0, 0, [("ada", 99.0), ("ada", 98.0), ("grace", 90.5), ("grace", 80.0)]))).students
    assert (ada.student_id, ada.margin) == ("ada", 8.5)


def test_best_moment_first_and_last_seen_and_number_of_frames_are_kept() -> None:
    (ada,) = reduced(
        page(detection(0, 0, {"ada": 91.0}), detection(500, 0, {"ada": 97.0})), page(detection(1000, 0, {"ada": 95.0}))
    ).students
    assert (ada.first_seen_ms, ada.last_seen_ms, ada.sightings) == (0, 1000, 3)
    assert ada.evidence == Evidence(video().bucket, video().key, "v1", 500, BOX)


def test_the_earliest_of_equally_good_moments_is_the_evidence() -> None:
    (ada,) = reduced(page(detection(0, 0, {"ada": 97.0}), detection(500, 0, {"ada": 97.0}))).students
    assert ada.evidence.timestamp_ms == 0


def test_one_frame_gives_a_name_to_the_better_of_two_people_only() -> None:
    matches = reduced(page(detection(0, 0, {"ada": 92.0}), detection(0, 1, {"ada": 99.0})))
    (ada,) = matches.students
    assert (ada.similarity, ada.sightings, matches.unknown) == (99.0, 1, 1)


def test_of_two_siblings_in_one_frame_the_second_gets_the_other_name() -> None:
    first, second = {"ada": 99.5, "eve": 98.0}, {"ada": 99.0, "eve": 98.5}
    ada, eve = reduced(page(detection(0, 0, first), detection(0, 1, second))).students
    assert (ada.student_id, ada.similarity, ada.margin) == ("ada", 99.5, 1.5)
    assert (eve.student_id, eve.similarity, eve.margin) == ("eve", 98.5, -0.5)


def test_a_frame_that_goes_on_over_a_page_is_one_frame() -> None:
    matches = reduced(page(detection(0, 0, {"ada": 99.0})), page(detection(0, 1, {"ada": 92.0})))
    assert [(s.similarity, s.sightings) for s in matches.students] == [(99.0, 1)]


def test_people_are_counted_once_and_strangers_among_them() -> None:
    matches = reduced(
        page(detection(0, 0, {"ada": 99.0}), detection(0, 1), detection(500, 0), detection(500, 1), detection(500, 7))
    )
    assert (matches.detections, matches.people, matches.unknown) == (5, 3, 2)


def test_a_face_that_is_no_students_is_a_strangers() -> None:
    foreign = detection(0, 0, {"ada": 99.0})
    del foreign["FaceMatches"][0]["Face"]["ExternalImageId"]
    matches = reduced(page(foreign))
    assert (matches.people, matches.unknown, matches.students) == (1, 1, ())
    assert [stranger.person for stranger in matches.strangers] == [0]


def test_of_a_stranger_the_moment_with_the_largest_face_is_kept() -> None:
    faces = [detection(at, 4) for at in (0, 500, 1000)]
    faces[1]["Person"]["Face"]["BoundingBox"] = {**BOX, "Width": 0.2}
    (stranger,) = reduced(page(*faces)).strangers
    assert (stranger.sightings, stranger.first_seen_ms, stranger.last_seen_ms) == (3, 0, 1000)
    assert stranger.evidence == Evidence(video().bucket, video().key, "v1", 500, {**BOX, "Width": 0.2})


def test_who_is_named_in_one_frame_is_no_stranger_however_often_unnamed() -> None:
    faces = [detection(0, 0), detection(500, 0, {"ada": 99.0}), detection(1000, 0)]
    assert reduced(page(*faces)).strangers == ()


def test_a_stranger_without_any_box_is_kept_with_a_moment_alone() -> None:
    boxless = detection(0, 0)
    boxless["Person"] = {"Index": 0}
    (stranger,) = reduced(page(boxless)).strangers
    assert stranger.evidence.box is None


def test_of_very_many_strangers_those_seen_most_often_are_kept() -> None:
    crowd = [detection(at * 500, person) for at in range(3) for person in range(80) if person % 3 >= at]
    matches = reduced(page(*crowd))
    assert (matches.unknown, len(matches.strangers)) == (80, MOST_STRANGERS)
    assert [stranger.sightings for stranger in matches.strangers] == [3] * 26 + [2] * 24


def test_an_empty_result_and_a_video_without_faces_are_no_error() -> None:
    assert reduced(page()) == Matches(60_000, 0, 0, 0, ())
    assert reduced({"JobStatus": "SUCCEEDED"}) == Matches(None, 0, 0, 0, ())
    assert reduced() == Matches(None, 0, 0, 0, ())


def test_the_box_of_the_face_is_preferred_to_that_of_the_whole_person() -> None:
    faceless = detection(0, 0, {"ada": 99.0})
    del faceless["Person"]["Face"]
    (ada,) = reduced(page(faceless)).students
    assert ada.evidence.box == {**BOX, "Height": 0.8}
    del faceless["Person"]["BoundingBox"]
    (ada,) = reduced(page(faceless)).students
    assert ada.evidence.box is None


def test_a_page_with_a_detection_that_names_no_person_is_an_error_not_a_wrong_register() -> None:
    with pytest.raises(KeyError):
        reduced(page({"Timestamp": 0, "FaceMatches": []}))


FRAMES = st.lists(
    st.dictionaries(
        st.integers(0, 5),
        st.dictionaries(st.sampled_from(STUDENTS), st.floats(80, 100, allow_nan=False), max_size=3),
        max_size=4,
    ),
    max_size=8,
)


def detections_of(frames: list[dict[int, dict[str, float]]]) -> list[dict[str, Any]]:
    return [detection(500 * at, person, found) for at, frame in enumerate(frames) for person, found in frame.items()]


@given(FRAMES, st.lists(st.integers(0, 40), max_size=6))
def test_where_pages_break_makes_no_difference(frames: list[dict[int, dict[str, float]]], breaks: list[int]) -> None:
    faces = detections_of(frames)
    edges = sorted({0, len(faces), *(edge for edge in breaks if edge < len(faces))})
    assert reduced(page(), *(page(*faces[start:end]) for start, end in pairwise(edges))) == reduced(page(*faces))


@given(FRAMES)
def test_the_reduction_agrees_with_a_plain_model_of_the_rules(frames: list[dict[int, dict[str, float]]]) -> None:
    matches = reduced(page(*detections_of(frames)))
    people = {person for frame in frames for person in frame}
    assert (matches.people, matches.detections) == (len(people), sum(map(len, frames)))
    for found in matches.students:
        offered = [max((face.get(found.student_id, -1.0) for face in frame.values()), default=-1.0) for frame in frames]
        offering = [at * 500 for at, similarity in enumerate(offered) if similarity >= 0]
        assert found.similarity in {face.get(found.student_id) for frame in frames for face in frame.values()}
        assert found.sightings <= len(offering)
        assert offering[0] <= found.first_seen_ms <= found.evidence.timestamp_ms <= found.last_seen_ms <= offering[-1]
    best = max((s for frame in frames for face in frame.values() for s in face.values()), default=None)
    assert max((found.similarity for found in matches.students), default=None) == best


@given(FRAMES)
def test_no_frame_gives_more_names_than_it_has_people_or_students(frames: list[dict[int, dict[str, float]]]) -> None:
    for frame in frames:
        matches = reduced(page(*detections_of([frame])))
        assert all(found.sightings == 1 for found in matches.students)
        assert len(matches.students) + matches.unknown == len(frame)
        assert len(matches.strangers) == matches.unknown


SIGHTINGS = st.builds(
    lambda similarity, at, times, key: Sighting(
        "ada", similarity, None, times, at, at, Evidence("b", key, None, at, None)
    ),
    st.integers(80, 84).map(float),
    st.integers(0, 5),
    st.integers(1, 3),
    st.sampled_from(["one.mp4", "two.mp4"]),
)


@given(SIGHTINGS, SIGHTINGS, SIGHTINGS)
def test_merging_does_not_depend_on_order_or_grouping(one: Sighting, two: Sighting, three: Sighting) -> None:
    assert merged(one, two) == merged(two, one)
    assert merged(merged(one, two), three) == merged(one, merged(two, three))


def test_memory_grows_with_students_not_with_the_video() -> None:
    tally = Tally(video())
    for number in range(200):
        tally.add(page(*(detection(number * 1000 + at, at % 4, {"ada": 90.0 + at % 9}) for at in range(100))))
    held = [value for value in vars(tally).values() if isinstance(value, list | set | dict)]
    assert sum(map(len, held)) < 20
    assert tally.matches().students[0].sightings == 20_000
