"""`python -m bench`: measures the face engine, the pipeline's cost and the web, and writes tables, JSON and plots."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from attendance.model import Thresholds
from bench import accuracy, cost, register, searching, speed, thresholds, web
from bench.lecture_hall import open_hall
from bench.people import PeopleError, Person, load, smoke_folder, split
from bench.report import Report, Row
from bench.scene import Options, SceneError
from rekognition_local.engine import FaceEngine

_PICTURES = Path("build/pictures")
_SMOKE = Options(
    present=2, absent=2, strangers=1, width=960, height=540, seconds=6, frame_rate=10, face_min=50, face_max=110
)
_REGISTER_FRAME_RATE = 5
"""The engine looks at a frame or two a second: more cost time and change nothing but the video's size."""

_LECTURE = Options(present=27, absent=8, strangers=3, blocks=3, seconds=60 * 50)


@dataclass(frozen=True, slots=True)
class Run:
    """What all parts of a run share."""

    people: Sequence[Person]
    options: Options
    engine: FaceEngine
    cache: Path
    thresholds: Thresholds
    seeds: range
    enrolled: tuple[int, ...]
    bands: dict[str, tuple[float, float]]
    peers: bool
    quick: bool
    report: Report


def measure_accuracy(run: Run) -> None:
    """Verification, and identification against galleries of several sizes."""
    described = accuracy.describe(run.people, run.engine)
    run.report.add("verification", [accuracy.verification(described, run.people)], "Same person or not")
    rows = accuracy.identification(described, len(run.people))
    run.report.add("identification", rows, "Somebody before a gallery, one photo each")


def measure_thresholds(run: Run) -> None:
    """The Similarity scale, and what moving a threshold does."""
    described = accuracy.describe(run.people, run.engine)
    run.report.add("calibration", thresholds.calibration(described), "The Similarity scale")
    run.report.add("thresholds", thresholds.table(described), "What a threshold does, one person of a session a probe")


def measure_register(run: Run) -> None:
    """The register of generated classrooms, by face height and number of enrolled."""
    rows, by_size, each = [], [], []
    for name, (low, high) in run.bands.items():
        for enrolled in run.enrolled or (run.options.present + run.options.absent,):
            size: dict[str, Any] = {"face_min": low, "face_max": high, "absent": enrolled - run.options.present}
            base = replace(run.options, frame_rate=_REGISTER_FRAME_RATE, **size)
            title = f"{name}, {enrolled} enrolled"
            judged = []
            for seed, one in register.run(run.people, base, run.engine, run.thresholds, run.seeds):
                judged.append(one)
                run.report.console.print(f"{title}, seed {seed}: {one.total}")
                each.append({"seed": seed, **register.summary(title, [one])})
            rows.append(register.summary(title, judged))
            by_size += register.sizes(title, judged)
    run.report.add("register_each", each, "Each classroom")
    run.report.add("register", rows, "The register (review counts as found, not as present)")
    run.report.add("register_by_size", by_size, "By the height of the face")


def measure_speed(run: Run) -> None:
    """Beside the peers, by key-frame interval, and by size of the collection."""
    rows: list[Row] = []
    for options in list(speed.variants(run.options))[: 1 if run.quick else None]:
        with speed.lab(run.people, options, run.engine, run.cache, run.thresholds) as place:
            if not rows:
                beside, stages = speed.beside_peers(place, run.peers)
                run.report.add("speed", beside, f"{options.seconds} s of {options.width}x{options.height}")
                run.report.add("stages", stages, "Where the engine's time goes (second video)")
                sizes = speed.COLLECTIONS[:2] if run.quick else speed.COLLECTIONS
                run.report.add("collections", speed.collections(place, sizes), "By size of the collection")
            rows += list(speed.key_frames(iter([place])))
    run.report.add("key_frames", rows, "By key-frame interval")


def measure_long(run: Run) -> None:
    """A lecture of 50 minutes and its first parts."""
    with speed.lab(run.people, _LECTURE, run.engine, run.cache, run.thresholds) as place:
        run.report.add("long", speed.lengths(place, speed.LENGTHS), "A 1080p lecture of 30 people")


def measure_search(run: Run) -> None:
    """One search among up to a million faces."""
    sizes = searching.SIZES[:2] if run.quick else searching.SIZES
    run.report.add("search", searching.run(sizes), "One search, and adding a face until it is found")


def measure_cost(run: Run) -> None:
    """Dollars of a video on AWS beside Rekognition, and those of the design that was replaced."""
    with open_hall() as hall:
        rows = cost.run(hall, cost.MINUTES[:1] if run.quick else cost.MINUTES, cost.ROSTERS)
    run.report.add("cost", rows, "A video on AWS, in counts and dollars; then one function that waits for the search")


def measure_web(run: Run) -> None:
    """Every page of the web before a school of 20,000 students."""
    rows = web.run(web.SMALL if run.quick else web.LARGE)
    run.report.add("web", rows, "Pages of the web: calls to AWS, the server's time, weight the first time")


PARTS: dict[str, Callable[[Run], None]] = {
    "accuracy": measure_accuracy,
    "thresholds": measure_thresholds,
    "register": measure_register,
    "speed": measure_speed,
    "long": measure_long,
    "search": measure_search,
    "cost": measure_cost,
    "web": measure_web,
}


def bands(_context: object, _option: object, texts: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Face heights written `40-110`, as named pairs.

    Raises:
        click.BadParameter: a text is not two rising numbers from 8 to 1000.
    """
    named = {}
    for text in texts:
        low, _, high = text.partition("-")
        try:
            pair = (float(low), float(high))
        except ValueError as error:
            raise click.BadParameter(f"{text!r} is not like 40-110") from error
        if not 8 <= pair[0] <= pair[1] <= 1000:
            raise click.BadParameter(f"{text!r} must rise within 8 to 1000 pixels")
        named[f"{pair[0]:g}-{pair[1]:g} px"] = pair
    return named


def overrides(_context: object, _option: object, texts: Sequence[str]) -> dict[str, Any]:
    """Scene options written `codec=libx265`, by name.

    Raises:
        click.BadParameter: no such option, or a value of another type.
    """
    kinds = {name: type(value) for name, value in asdict(Options()).items()}
    given = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in kinds:
            raise click.BadParameter(f"{name!r} is none of {', '.join(kinds)}")
        try:
            given[name] = kinds[name](value)
        except ValueError as error:
            raise click.BadParameter(f"{name} must be {kinds[name].__name__}, not {value!r}") from error
    return given


@click.command(context_settings={"show_default": True})
@click.argument("parts", nargs=-1, type=click.Choice(list(PARTS)))
@click.option(
    "--people",
    type=click.Path(path_type=Path),
    help="Folder with a folder of pictures per person; else the demo class, which only shows that it works.",
)
@click.option("--split", "half", type=click.Choice(["test", "tune", "all"]), default="test", help="Which people.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("build/bench"))
@click.option("--seeds", type=click.IntRange(1), default=10, help="Classrooms per kind.")
@click.option("--first-seed", type=click.IntRange(0), default=0)
@click.option(
    "--face",
    "faces",
    multiple=True,
    callback=bands,
    help="Face heights, last row to first, such as 40-110; repeatable.",
)
@click.option(
    "--scene", multiple=True, callback=overrides, help="Any of bench.scene.Options, as codec=libx265; repeatable."
)
@click.option("--enrolled", multiple=True, type=click.IntRange(30), help="Students enrolled; repeatable.")
@click.option("--present", "present_at", type=float, default=92.0, help="Similarity from which a student is present.")
@click.option("--review", "review_at", type=float, default=80.0, help="Similarity from which a person looks.")
@click.option("--peers/--no-peers", default=True, help="Also measure what others use.")
@click.option("--quick", is_flag=True, help="Everything but long, tiny, with the demo class: does the bench work?")
def main(
    parts: tuple[str, ...],
    people: Path | None,
    half: str,
    output: Path,
    seeds: int,
    first_seed: int,
    faces: dict[str, tuple[float, float]],
    scene: dict[str, Any],
    enrolled: tuple[int, ...],
    present_at: float,
    review_at: float,
    peers: bool,
    quick: bool,
) -> None:
    """Measure PARTS (all without any): accuracy, thresholds, register, speed, long, search, cost, web."""
    smoke = people is None
    console = Console(width=180 if not sys.stdout.isatty() else None)
    wanted = parts or tuple(part for part in PARTS if not ((quick or smoke) and part == "long"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was made of people's pictures is deleted
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        try:
            folder = smoke_folder(_PICTURES, work / "people") if people is None else people
            run = Run(
                people=split(load(folder), "all" if smoke else half),
                options=replace(_SMOKE if smoke else Options(), **scene),
                engine=FaceEngine(output / "models"),
                cache=output / "models",
                thresholds=Thresholds(present_at, review_at),
                seeds=range(first_seed, first_seed + (1 if quick else seeds)),
                enrolled=enrolled,
                bands=faces or (dict(list(register.BANDS.items())[:1]) if smoke else register.BANDS),
                peers=peers,
                quick=quick,
                report=Report(console, sys.argv[1:]),
            )
            for part in wanted:
                PARTS[part](run)
        except (PeopleError, SceneError, speed.MeasurementError) as error:
            raise click.ClickException(str(error)) from error
    path = run.report.write(output)
    if speed.PEERS_PYTHON.exists():
        subprocess.run([str(speed.PEERS_PYTHON), "-m", "bench.plots", str(output)], cwd=speed.ROOT, check=True)
    console.print(f"Written: {path}")


if __name__ == "__main__":
    main()
