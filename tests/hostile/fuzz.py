"""Seeded mutations of sound files, in the tests and by hand: `python -m tests.hostile.fuzz --count 5000 FILE ...`.

By hand each mutant goes straight through the engine, in a child process per file, so that a crash of a decoder shows.
"""

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rekognition_local.engine import EngineError, decode_picture
from rekognition_local.engine.video import frames, probe

_INTERESTING = (b"\0", b"\xff", b"\x7f", b"\x80", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0")
_PICTURES = {".jpg", ".jpeg", ".png"}
_SLOW_SECONDS = 20.0


def mutations(contents: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """So many mutants, the same ones for the same seed; each has one to eight changes."""
    draw = random.Random(seed)  # noqa: S311 - repeatable, not secret
    for number in range(count):
        mutant = bytearray(contents[number % len(contents)])
        for _ in range(draw.randint(1, 8)):
            _change(mutant, draw)
        yield bytes(mutant) or b"\0"


def _change(mutant: bytearray, draw: random.Random) -> None:
    """Set, flip, cut, double or remove some bytes; headers, at both ends, more often than the middle."""
    span = draw.choice([64, 2_000, len(mutant)])
    place = draw.randrange(max(1, min(span, len(mutant))))
    if draw.random() < 0.3:
        place = max(0, len(mutant) - 1 - place)
    length = draw.choice([1, 4, 64, 1_000])
    match draw.randrange(5):
        case 0:
            value = draw.choice(_INTERESTING)
            mutant[place : place + len(value)] = value
        case 1:
            mutant[place : place + 1] = bytes([draw.randrange(256)])
        case 2:
            mutant[place:place] = mutant[place : place + length]
        case 3:
            del mutant[place : place + length]
        case _:
            if draw.random() < 0.1:
                del mutant[place:]


def survive(content: bytes, suffix: str) -> str:
    """What the engine makes of a file: "ok", or the error's class.

    Raises:
        Exception: anything but an error that the engine announces.
    """
    try:
        if suffix in _PICTURES:
            decode_picture(content)
        else:
            with tempfile.NamedTemporaryFile() as file:
                file.write(content)
                file.flush()
                duration_ms = probe(Path(file.name)).duration_ms
                sum(1 for _ in frames(Path(file.name), lambda: 1_000 if duration_ms < 600_000 else 2_000))
    except EngineError as error:
        return type(error).__name__
    return "ok"


def _run(path: Path, count: int, seed: int) -> None:
    outcomes: dict[str, int] = {}
    for number, mutant in enumerate(mutations([path.read_bytes()], count, seed)):
        begun = time.monotonic()
        try:
            outcome = survive(mutant, path.suffix.lower())
        except Exception as error:
            outcome = f"WRONG {error!r}"
        if time.monotonic() - begun > _SLOW_SECONDS or outcome.startswith("WRONG"):
            sys.stdout.write(f"mutant {number} of {path.name}: {outcome}, {time.monotonic() - begun:.1f} s\n")
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    sys.stdout.write(f"{path.name}: {outcomes}\n")


def main() -> int:
    """Fuzz files; 1 when a decoder took its process down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    crashed = False
    for path in arguments.files:
        child = multiprocessing.get_context("spawn").Process(target=_run, args=(path, arguments.count, arguments.seed))
        child.start()
        child.join()
        if child.exitcode:
            crashed = True
            sys.stdout.write(f"{path.name}: the process ended with {child.exitcode}\n")
    return int(crashed)


if __name__ == "__main__":
    raise SystemExit(main())
