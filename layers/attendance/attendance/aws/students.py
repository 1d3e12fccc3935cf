"""Reads students, their courses and their history by Query and GetItem only."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from boto3.dynamodb.conditions import Key

from attendance import names
from attendance.aws.people import is_registered, items_of, student_from, table_client
from attendance.keys import is_id
from attendance.model import Enrolment
from attendance.register import enrolment_from, in_effect, row_from, standing_from
from attendance.settings import Settings
from attendance.students import CourseRow, Student

SEARCH_PAGE = 200
"""Items of a search that are read at once: a page shows fewer."""


class DynamoStudents:
    """The tables as `attendance.students.StudentReader` wants them read."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = table_client()

    def student(self, student_id: str) -> Student | None:
        """The student as of now, or None."""
        item = self._client.get_item(
            TableName=self._settings.students_table, Key={"student_id": student_id}, ConsistentRead=True
        ).get("Item")
        return student_from(item) if item and is_registered(item) else None

    def students(self, student_ids: Sequence[str]) -> dict[str, Student]:
        """Those of the students that are there, by id; a text that can be no id is nobody's."""
        keys = [{"student_id": student_id} for student_id in dict.fromkeys(filter(is_id, student_ids))]
        found = items_of(self._client, self._settings.students_table, keys)
        return {str(item["student_id"]): student_from(item) for item in found if is_registered(item)}

    def pages(self, limit: int) -> Iterator[list[Student]]:
        """Every student, at most `limit` at a time: a Scan, for a command of an administrator and never for a page."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._settings.students_table, PaginationConfig={"PageSize": limit}
        )
        for page in pages:
            yield [student_from(item) for item in page["Items"] if is_registered(item)]

    def search(self, text: str, limit: int) -> list[tuple[str, str]]:
        """Ids and names of students whose id, or a word of whose name, begins with the text; by name."""
        by_id = ((item["student_id"], item["student_name"]) for item in self._ids_from(text))
        found = dict(islice(by_id, limit))
        for student_id, name in islice(self._named(names.search_words(text)), limit):
            found.setdefault(student_id, name)
        in_order = sorted(found.items(), key=lambda pair: (pair[1].casefold(), pair[0]))
        return in_order[:limit]

    def course_ids_of(self, student_id: str) -> list[str]:
        """The courses on whose rosters the student is, in order."""
        return list(self.enrolments_of(student_id))

    def enrolments_of(self, student_id: str) -> dict[str, Enrolment]:
        """The student's places on the rosters of courses, by course_id and in the order of these."""
        items = self._every(
            self._settings.rosters_table,
            IndexName="by_student",
            KeyConditionExpression=Key("student_id").eq(student_id),
        )
        return {item["course_id"]: enrolment_from(item) for item in items}

    def history(self, student_id: str) -> Iterator[CourseRow]:
        """Every row of the student as it counts, course by course, each course's oldest first."""
        of_student = {"IndexName": "by_student", "KeyConditionExpression": Key("student_id").eq(student_id)}
        items = list(self._every(self._settings.attendance_table, **of_student))
        corrections = self._every(self._settings.corrections_table, **of_student)
        standings = {item["session_key"]: standing_from(item) for item in corrections}
        for item in items:
            standing = standings.get(item["session_key"])
            (row,) = in_effect([row_from(item)], {student_id: standing} if standing else {})
            yield CourseRow(item["course_id"], item["session_id"], item["date"], row)

    def _ids_from(self, text: str) -> Iterator[Mapping[str, Any]]:
        """Rows of the default course's roster, which lists every student, whose id begins with the text."""
        if not text:
            return iter(())
        of_course = Key("course_id").eq(self._settings.default_course_id)
        return self._every(
            self._settings.rosters_table,
            KeyConditionExpression=of_course & Key("student_id").begins_with(text),
            Limit=SEARCH_PAGE,
        )

    def _named(self, words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Students by the words of their names: the longest is asked for, the others are compared."""
        if not words:
            return
        longest = max(words, key=len)
        of_letter = Key("course_id").eq(names.partition(longest))
        for item in self._every(
            self._settings.rosters_table,
            KeyConditionExpression=of_letter & Key("student_id").begins_with(longest),
            Limit=SEARCH_PAGE,
        ):
            if names.has_words(item["student_name"], words):
                yield names.student_id_of(item["student_id"]), item["student_name"]

    def _every(self, table: str, **query: Any) -> Iterator[Mapping[str, Any]]:
        """The items of a Query, page by page as they are asked for."""
        while True:
            answer = self._client.query(TableName=table, **query)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
