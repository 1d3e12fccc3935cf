"""Personal tokens, with which programs read the register: shown once, kept only as a hash.

A token names its account and carries 256 random bits. So many need no slow hash as passwords do: nobody can try them
all.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from attendance.enrolment import check_name
from attendance.errors import RollcallError
from attendance.users import MAX_EMAIL, InvalidEmailError, Role, User, normalise_email

PREFIX = "rollcall_"
"""By which programs that look for leaked secrets know a token."""
SECRET_BYTES = 32
MOST_TOKENS = 20
"""Of one account."""
LIFETIMES = (30, 90, 365)
"""Days, of which a person chooses."""
MAX_TOKEN = 512
"""Characters: the longest email in base64, and the rest."""
USE_NOTED = timedelta(hours=1)
"""The last use is written down at most so often: not every request should write."""


class TokenError(RollcallError):
    """The base of why a token is not made; its text says what to do."""


class TooManyTokensError(TokenError):
    """The account has as many as it may have."""


class InvalidTokenTermsError(TokenError):
    """The name or the lifetime is none."""


@dataclass(frozen=True)
class Token:
    """A token as it is kept.

    Attributes:
        digest: the sha256 of its secret in hex.
        created_at: an ISO 8601 time, as the others are.
        last_used_at: empty where it never was; right to the hour.
    """

    digest: str
    name: str
    created_at: str
    expires_at: str
    last_used_at: str = ""


class TokenTable(Protocol):
    """Where tokens are kept: with their account, with which they go."""

    def owner(self, email: str) -> tuple[User, Sequence[Token]] | None:
        """The account and its tokens, or None."""

    def add(self, email: str, token: Token, most: int) -> bool:
        """Keep a token; False when the account is gone or has that many."""

    def remove(self, email: str, digest: str) -> None:
        """Forget a token."""

    def note_use(self, email: str, digest: str, at: str) -> None:
        """Keep when a token was used; nothing where it is gone."""


class Tokens:
    """Makes, lists, revokes and checks tokens; `now` gives the time."""

    def __init__(self, table: TokenTable, now: Callable[[], datetime]) -> None:
        self._table = table
        self._now = now

    def all(self, email: str) -> Sequence[Token]:
        """The tokens of an account, the newest first, those that have expired among them."""
        found = self._table.owner(email)
        return sorted(found[1], key=lambda token: token.created_at, reverse=True) if found else ()

    def make(self, email: str, name: str, days: int) -> str:
        """A new token's text, which is kept nowhere.

        Raises:
            TokenError: the named reason of a refusal; nothing was kept.
        """
        if days not in LIFETIMES:
            raise InvalidTokenTermsError(f"Choose how long it shall live: {LIFETIMES[0]} to {LIFETIMES[-1]} days.")
        try:
            known_as = check_name(name, "name of a token")
        except RollcallError as error:
            raise InvalidTokenTermsError(str(error)) from error
        secret = secrets.token_urlsafe(SECRET_BYTES)
        now = self._now()
        token = Token(_digest(secret), known_as, _time(now), _time(now + timedelta(days=days)))
        if not self._table.add(email, token, MOST_TOKENS):
            raise TooManyTokensError(f"There are {MOST_TOKENS} tokens already: revoke one that is not used any more.")
        return f"{PREFIX}{base64.urlsafe_b64encode(email.encode()).decode().rstrip('=')}.{secret}"

    def revoke(self, email: str, digest: str) -> None:
        """Let a token open nothing any more; one that is gone already is gone."""
        self._table.remove(email, digest)

    def verify(self, text: str) -> User | None:
        """The account that a token speaks for; None without saying why.

        Students' accounts and those that may not sign in have none.
        """
        email, secret = _parts(text)
        found = self._table.owner(email) if email else None
        if found is None:
            return None
        user, tokens = found
        digest, now = _digest(secret), self._now()
        token = next((token for token in tokens if secrets.compare_digest(token.digest, digest)), None)
        is_open = user.role is not Role.STUDENT and not user.disabled and not user.must_change
        if token is None or not is_open or datetime.fromisoformat(token.expires_at) <= now:
            return None
        if not token.last_used_at or now - datetime.fromisoformat(token.last_used_at) > USE_NOTED:
            self._table.note_use(email, digest, _time(now))
        return user


def _parts(text: str) -> tuple[str, str]:
    """The email and the secret of a token; two empty texts where it is none."""
    named, _, secret = text.removeprefix(PREFIX).partition(".")
    if not text.startswith(PREFIX) or not secret or len(text) > MAX_TOKEN + MAX_EMAIL:
        return "", ""
    try:
        email = base64.urlsafe_b64decode(named + "=" * (-len(named) % 4)).decode()
        return normalise_email(email), secret
    except (binascii.Error, UnicodeError, InvalidEmailError, ValueError):
        return "", ""


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
