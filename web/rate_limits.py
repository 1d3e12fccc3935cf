"""Where rate limits are counted: in this process, or on AWS in a table that all instances of the function share."""

from limits.storage import Storage

from attendance.aws.counters import DynamoCounters

IN_THIS_PROCESS = "memory://"
_SCHEME = "dynamodb"


def storage_uri(table: str) -> str:
    """How Flask-Limiter is told of a table; without one it counts in this process."""
    return f"{_SCHEME}://{table}" if table else IN_THIS_PROCESS


class DynamoStorage(Storage):
    """Fixed windows in a table; `limits` finds this class by the scheme of the URI, which ends in the table's name."""

    STORAGE_SCHEME = [_SCHEME]  # noqa: RUF012 (as the base class declares it)

    def __init__(self, uri: str, wrap_exceptions: bool = False, **options: float | str | bool) -> None:
        super().__init__(uri, wrap_exceptions, **options)
        self._counters = DynamoCounters(uri.removeprefix(f"{_SCHEME}://"))

    @property
    def base_exceptions(self) -> type[Exception]:
        """Whatever goes wrong with a count."""
        return Exception

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, and tell how often it was counted within `expiry` seconds of the first time."""
        return self._counters.add(key, expiry, amount)

    def get(self, key: str) -> int:
        """How often it was counted in the window that runs."""
        return self._counters.get(key).number

    def get_expiry(self, key: str) -> float:
        """When that window ends, in Unix seconds."""
        return self._counters.get(key).ends_at

    def check(self) -> bool:
        """Whether the table answers; asked after it once did not."""
        try:
            self._counters.get("")
        except Exception:  # whatever is wrong, it does not answer
            return False
        return True

    def reset(self) -> int | None:
        """No: it would need a Scan, and every window ends by itself."""
        raise NotImplementedError

    def clear(self, key: str) -> None:
        """Forget one count."""
        self._counters.clear(key)
