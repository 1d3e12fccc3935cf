"""Accounts in DynamoDB as an administrator keeps them: each change in one transaction with its audit entry."""

from typing import Any

from boto3.dynamodb.conditions import Key

from attendance.aws.people import audit_item, table_client, user_from, user_item
from attendance.aws.transactions import transact
from attendance.register import Page
from attendance.settings import Settings
from attendance.users import Role, User


class DynamoAccounts:
    """The tables as `attendance.accounts.AccountTable` wants them."""

    def __init__(self, settings: Settings) -> None:
        self._users = settings.users_table
        self._audit = settings.audit_table
        self._client = table_client()

    def get(self, email: str) -> User | None:
        """The account, or None."""
        item = self._client.get_item(TableName=self._users, Key={"email": email}, ConsistentRead=True).get("Item")
        return user_from(item) if item else None

    def page(self, role: Role, limit: int, after: str | None = None) -> Page[User]:
        """Accounts of a role, by email; `after` is the cursor of the page before."""
        query: dict[str, Any] = {"KeyConditionExpression": Key("role").eq(role.value), "Limit": limit}
        if after:
            query["ExclusiveStartKey"] = {"role": role.value, "email": after}
        answer = self._client.query(TableName=self._users, IndexName="by_role", **query)
        last: Any = answer.get("LastEvaluatedKey")
        return Page(tuple(user_from(item) for item in answer["Items"]), last and last["email"])

    def add(self, user: User, actor: str) -> bool:
        """Keep a new account; False when the email is taken."""
        put = {"TableName": self._users, "Item": user_item(user), "ConditionExpression": "attribute_not_exists(email)"}
        return self._together([{"Put": put}, self._note(user.audited_as, actor, "add account", None, user)])

    def change(self, old: User, new: User, witness: str | None, actor: str, action: str) -> bool:
        """Keep the account otherwise, if it is as seen and the witness is still an administrator who can sign in."""
        changed = {name: value for name, value in user_item(new).items() if name not in ("email", "created_at")}
        update = {
            "TableName": self._users,
            "Key": {"email": old.email},
            "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in changed),
            "ConditionExpression": "#role = :seen AND #password_hash = :seen_hash",
            "ExpressionAttributeNames": {f"#{name}": name for name in changed},
            "ExpressionAttributeValues": {f":{name}": value for name, value in changed.items()} | _seen(old),
        }
        # Where a student is named, the entry is of the student alone: the audit is to tie no address to one.
        note = self._note((new if new.student_id else old).audited_as, actor, action, old, new)
        return self._together([{"Update": update}, *self._still_admin(witness), note])

    def remove(self, old: User, witness: str | None, actor: str) -> bool:
        """Delete the account, under the same conditions."""
        delete = {
            "TableName": self._users,
            "Key": {"email": old.email},
            "ConditionExpression": "#role = :seen AND password_hash = :seen_hash",
            "ExpressionAttributeNames": {"#role": "role"},
            "ExpressionAttributeValues": _seen(old),
        }
        note = self._note(old.audited_as, actor, "remove account", old, None)
        return self._together([{"Delete": delete}, *self._still_admin(witness), note])

    def _still_admin(self, witness: str | None) -> list[Any]:
        if witness is None:
            return []
        check = {
            "TableName": self._users,
            "Key": {"email": witness},
            "ConditionExpression": "#role = :admin AND (attribute_not_exists(disabled) OR disabled = :no)",
            "ExpressionAttributeNames": {"#role": "role"},
            "ExpressionAttributeValues": {":admin": Role.ADMIN.value, ":no": False},
        }
        return [{"ConditionCheck": check}]

    def _note(self, name: str, actor: str, action: str, old: User | None, new: User | None) -> dict[str, Any]:
        entry = audit_item(f"account#{name}", actor, action, described(new) if new else None)
        return {"Put": {"TableName": self._audit, "Item": entry | {"old": described(old) if old else None}}}

    def _together(self, actions: list[Any]) -> bool:
        """All of the actions or, when anything is not as seen, none: then False."""
        return not transact(self._client, actions)


def described(user: User) -> str:
    """What an account may do, in words for the audit."""
    parts = [user.role.value, *user.courses, *([f"student {user.student_id}"] if user.student_id else [])]
    return ", ".join([*parts, *(["disabled"] if user.disabled else [])])


def _seen(user: User) -> dict[str, Any]:
    return {":seen": user.role.value, ":seen_hash": user.password_hash}
