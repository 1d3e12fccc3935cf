"""Where the engine's time goes, measured from outside by wrapping its public functions."""

import functools
import importlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

_ENGINE = "rekognition_local.engine"
HOOKS = {
    "decode": ("video", "frames"),
    "detect and describe": ("face_engine", "FaceEngine.glance"),
    "- of it the network": ("detector", "Detector.detect"),
    "embed": ("face_engine", "FaceEngine.embed_looks"),
    "search": ("gallery", "Gallery.search"),
}
"""Stage to (module, function or method). A stage whose function is gone is left out, not guessed."""


class Clock:
    """Seconds spent in each stage; when stages run at the same time their sum exceeds the wall clock."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._lock = threading.Lock()

    def add(self, stage: str, seconds: float) -> None:
        """Count a stretch of time."""
        with self._lock:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds

    def wrapped(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, timed; of one that returns an iterator, the time to get each item."""

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            result = function(*args, **kwargs)
            self.add(stage, time.perf_counter() - began)
            return self._each(stage, result) if isinstance(result, Iterator) else result

        return timed

    def _each(self, stage: str, items: Iterator[Any]) -> Iterator[Any]:
        while True:
            began = time.perf_counter()
            try:
                item = next(items)
            except StopIteration:
                return
            finally:
                self.add(stage, time.perf_counter() - began)
            yield item


@contextmanager
def measured() -> Iterator[Clock]:
    """A clock that runs in every stage as long as the context lasts."""
    clock = Clock()
    with ExitStack() as stack:
        for stage, (module, name) in HOOKS.items():
            for holder, attribute, function in _places(f"{_ENGINE}.{module}", name):
                stack.enter_context(mock.patch.object(holder, attribute, clock.wrapped(stage, function)))
        yield clock


def _places(module: str, name: str) -> list[tuple[Any, str, Callable[..., Any]]]:
    """Where the function is looked up: its class, or its module and all of the engine's that imported it by name."""
    try:
        home = importlib.import_module(module)
    except ModuleNotFoundError:
        return []
    owner, _, attribute = name.rpartition(".")
    holder = getattr(home, owner, None) if owner else home
    function = getattr(holder, attribute, None)
    if function is None:
        return []
    if owner:
        return [(holder, attribute, function)]
    loaded = [one for title, one in list(sys.modules.items()) if title.startswith(_ENGINE)]
    return [(one, key, function) for one in loaded for key, value in list(vars(one).items()) if value is function]
