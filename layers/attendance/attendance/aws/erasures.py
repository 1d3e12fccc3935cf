"""What the steps know of erasings: two looks at the table of students, which cost the same in a school of any size."""

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from attendance.errors import UnprocessedItemsError
from attendance.ports import Erasings
from attendance.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

ERASINGS = "#erasings"
"""In place of a student_id, none of which starts with #: the item that counts the erasings and says whose they are."""
_KEYS = 100
"""Items DynamoDB gives in one batch."""


class DynamoErasures:
    """The table of students as the steps may read it: who is being, or was, erased."""

    def __init__(self, dynamodb: "DynamoDBServiceResource", settings: Settings) -> None:
        self._dynamodb = dynamodb
        self._table = settings.students_table

    def under_way(self) -> Erasings:
        """The erasings as of now."""
        key = {"student_id": ERASINGS}
        item: Any = self._dynamodb.Table(self._table).get_item(Key=key, ConsistentRead=True).get("Item", {})
        return Erasings(int(item.get("begun", 0)), frozenset(item.get("student_ids", ())))

    def erased(self, student_ids: Iterable[str]) -> set[str]:
        """Those of the students who were erased, and of whom that has begun.

        Raises:
            UnprocessedItemsError: DynamoDB did not answer for all; asking again is safe.
        """
        remaining, found = iter(student_ids), set()
        while batch := list(islice(remaining, _KEYS)):
            found |= self._erased(batch)
        return found

    def _erased(self, student_ids: list[str]) -> set[str]:
        wanted: Any = {
            "Keys": [{"student_id": student_id} for student_id in student_ids],
            "ProjectionExpression": "student_id, erasing",
            "ConsistentRead": True,
        }
        answer = self._dynamodb.batch_get_item(RequestItems={self._table: wanted})
        if answer.get("UnprocessedKeys"):
            raise UnprocessedItemsError("DynamoDB is too busy to say who was erased.")
        return {str(item["student_id"]) for item in answer["Responses"][self._table] if "erasing" in item}
