"""Measurements as tables on the terminal and as JSON for later."""

import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

Row = Mapping[str, Any]


@dataclass(slots=True)
class Report:
    """The tables of a run: name to rows; a row is column to value (numbers, words or None)."""

    console: Console
    command: Sequence[str]
    tables: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, name: str, rows: Sequence[Row], title: str) -> None:
        """Keep the rows and print them at once: a long run shows what it has."""
        self.tables[name] = list(rows)
        columns = list(dict.fromkeys(column for row in rows for column in row))
        table = Table(*columns, title=title, title_justify="left")
        for row in rows:
            table.add_row(*(shown(row.get(column)) for column in columns))
        self.console.print(table)

    def write(self, folder: Path) -> Path:
        """Write `results.json` into the folder, with the machine and the command that made it."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "results.json"
        content = {
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": list(self.command),
            "machine": machine(),
            "tables": self.tables,
        }
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
        return path


def shown(value: object) -> str:
    """A value as a table shows it: four significant digits for a number, a dash for nothing."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return str(value)


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": next(_model_names(), platform.processor() or platform.machine()),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": platform.system(),
    }


def _model_names() -> Iterator[str]:
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else ():
        if line.startswith("model name"):
            yield line.partition(":")[2].strip()
