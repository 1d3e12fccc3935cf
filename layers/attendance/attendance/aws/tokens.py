"""Personal tokens in DynamoDB: a map in the account's own item, so that they go with it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from attendance.aws.people import table_client, user_from
from attendance.settings import Settings
from attendance.tokens import Token
from attendance.users import User


class DynamoTokens:
    """The table of accounts as `attendance.tokens.TokenTable` wants it."""

    def __init__(self, settings: Settings) -> None:
        self._table = settings.users_table
        self._client = table_client()

    def owner(self, email: str) -> tuple[User, Sequence[Token]] | None:
        """The account and its tokens, or None."""
        item: Mapping[str, Any] | None = self._client.get_item(
            TableName=self._table, Key={"email": email}, ConsistentRead=True
        ).get("Item")
        if item is None:
            return None
        return user_from(item), [Token(digest, **kept) for digest, kept in item.get("tokens", {}).items()]

    def add(self, email: str, token: Token, most: int) -> bool:
        """Keep a token; False when the account is gone or has that many."""
        kept = {"name": token.name, "created_at": token.created_at, "expires_at": token.expires_at}
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._update(email, "SET tokens = if_not_exists(tokens, :none)", "attribute_exists(email)", {":none": {}})
            condition = "attribute_exists(email) AND size(tokens) < :most"
            values = {":token": kept, ":most": most}
            self._update(email, "SET tokens.#digest = :token", condition, values, token.digest)
            return True
        return False

    def remove(self, email: str, digest: str) -> None:
        """Forget a token."""
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._update(email, "REMOVE tokens.#digest", "attribute_exists(tokens.#digest)", {}, digest)

    def note_use(self, email: str, digest: str, at: str) -> None:
        """Keep when a token was used; nothing where it is gone."""
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            change = "SET tokens.#digest.last_used_at = :at"
            self._update(email, change, "attribute_exists(tokens.#digest)", {":at": at}, digest)

    def _update(
        self, email: str, change: str, condition: str, values: Mapping[str, Any], digest: str | None = None
    ) -> None:
        more: dict[str, Any] = {"ExpressionAttributeNames": {"#digest": digest}} if digest else {}
        if values:
            more["ExpressionAttributeValues"] = dict(values)
        self._client.update_item(
            TableName=self._table,
            Key={"email": email},
            UpdateExpression=change,
            ConditionExpression=condition,
            **more,
        )
