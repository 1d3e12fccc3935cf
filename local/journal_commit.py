"""Group commit: while one frame goes to the disk, whoever writes meanwhile shares the next."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from local.journal import Entry, Journal, JournalError


class Committer:
    """Appends to a journal in the order `add` is called, off the event loop.

    Attributes:
        failure: why nothing can be appended any more; empty while it can.
    """

    def __init__(self, journal: Journal) -> None:
        self.failure = ""
        self._journal = journal
        # A thread of its own: the loop's own pool may be full of functions that wait for a commit.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._waiting: list[Entry] = []
        self._next: asyncio.Future[None] | None = None
        self._worker: asyncio.Task[None] | None = None

    def add(self, entries: Sequence[Entry]) -> asyncio.Future[None]:
        """Take entries; the future ends when they are on the disk, with JournalError when they may not be."""
        self._waiting.extend(entries)
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return self._next

    async def settled(self) -> None:
        """Return when all that was added is on the disk, or never will be."""
        if self._worker is not None:
            await asyncio.shield(self._worker)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._next is not None:
            entries, done = self._waiting, self._next
            self._waiting, self._next = [], None
            try:
                await loop.run_in_executor(self._thread, self._journal.append, entries)
            except JournalError as error:
                self.failure = str(error)
                done.set_exception(error)
                done.exception()  # told, even if whoever waited for it is gone
            else:
                done.set_result(None)
