"""Objects whose overwriting was cut short: back to the version that counts.

MiniStack overwrites an object of a bucket with versions in three steps, each of them whole or not there: it copies the
former body to `.versions`, replaces the body, and replaces the description beside it, which holds the version's id and
checksum. A kill between the last two leaves the new body under the former description. Nobody was told of the new
version then, and the copy of the former one is still there.
"""

import json
from pathlib import Path

DESCRIPTION = ".meta.json"
VERSIONS = ".versions"


def undo_cut_overwrites(folder: Path) -> int:
    """Give every current version that has a copy among the former ones the copy's body, before the objects are loaded.

    A version never changes, so that this is right whatever step was the last.

    Args:
        folder: of all objects: `<account>/<bucket>/<key>`, former versions in
            `.versions/<account>/<bucket>/<version>/<key>`.

    Returns:
        How many objects there were.
    """
    versions = folder / VERSIONS
    copies = [path for path in versions.rglob("*") if path.is_file() and path.suffix != ".tmp"]
    return sum(_restore(copy, folder, *copy.relative_to(versions).parts) for copy in copies)


def _restore(copy: Path, folder: Path, account: str, bucket: str, version: str, *key: str) -> bool:
    body = folder.joinpath(account, bucket, *key)
    cut = _described_version(body.with_name(body.name + DESCRIPTION)) == version
    if cut:
        copy.replace(body)
    return cut


def _described_version(description: Path) -> str:
    """The version that counts, or nothing. `null` is an object put before its bucket had versions."""
    try:
        return json.loads(description.read_bytes()).get("version_id") or "null"
    except (FileNotFoundError, ValueError):
        return ""
