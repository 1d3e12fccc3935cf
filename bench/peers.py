"""What others would use, measured the same way: runs in the environment .venv-bench and prints JSON.

`dlib` is the face_recognition library as its manual shows it; `opencv` is YuNet and SFace through OpenCV's own classes.
Both look at one frame a second, each frame for itself, and call present whom they match once.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image

from bench.memory import peak_mb

_COSINE = 0.363
"""OpenCV's advice for SFace."""

_DISTANCE = 0.6
"""The tolerance face_recognition has by default."""

Names = Callable[[Any], list[str]]


def one_a_second(video: Path) -> Iterator[Any]:
    """RGB frames one second apart; all are decoded, as cv2.VideoCapture would."""
    due = 0.0
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            if frame.time is not None and frame.time >= due:
                due = frame.time + 1.0 - 1e-6
                yield frame.to_ndarray(format="rgb24")


def photos(folder: Path) -> Iterator[tuple[str, Any]]:
    """(student id, RGB picture) for each `<student id>_<number>.png`."""
    for path in sorted(folder.glob("*.png")):
        yield path.stem.rpartition("_")[0], np.asarray(Image.open(path).convert("RGB"))


def dlib_peer(folder: Path) -> tuple[Names, int]:
    """Who face_recognition finds in a frame, and how many photos it could enrol."""
    import face_recognition

    ids, rows = [], []
    for student_id, image in photos(folder):
        encodings = face_recognition.face_encodings(image)
        if encodings:
            ids.append(student_id)
            rows.append(encodings[0])

    def names(frame: Any) -> list[str]:
        locations = face_recognition.face_locations(frame)
        found = []
        for encoding in face_recognition.face_encodings(frame, locations):
            distances = face_recognition.face_distance(rows, encoding)
            if len(distances) and distances.min() <= _DISTANCE:
                found.append(ids[int(distances.argmin())])
        return found

    return names, len(ids)


def opencv_peer(folder: Path, yunet: str, sface: str) -> tuple[Names, int]:
    """Who OpenCV's classes find in a frame, and how many photos they could enrol."""
    detector = cv2.FaceDetectorYN.create(yunet, "", (320, 320), 0.6, 0.3, 5000)
    recogniser = cv2.FaceRecognizerSF.create(sface, "")

    def embed(image: Any) -> Any:
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        detector.setInputSize((bgr.shape[1], bgr.shape[0]))
        _, faces = detector.detect(bgr)
        rows = [recogniser.feature(recogniser.alignCrop(bgr, face)) for face in (() if faces is None else faces)]
        return [row[0] / np.linalg.norm(row) for row in rows]

    ids, gallery = [], []
    for student_id, image in photos(folder):
        rows = embed(image)
        if rows:
            ids.append(student_id)
            gallery.append(rows[0])

    def names(frame: Any) -> list[str]:
        found = []
        for row in embed(frame):
            cosines = np.stack(gallery) @ row
            if cosines.max() >= _COSINE:
                found.append(ids[int(cosines.argmax())])
        return found

    return names, len(ids)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=("dlib", "opencv"))
    parser.add_argument("--video", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--yunet")
    parser.add_argument("--sface")
    args = parser.parse_args()
    names, enrolled = (
        dlib_peer(args.photos) if args.peer == "dlib" else opencv_peer(args.photos, args.yunet, args.sface)
    )
    began, cpu, looked = time.perf_counter(), time.process_time(), 0
    present: dict[str, int] = {}
    for frame in one_a_second(args.video):
        looked += 1
        for name in names(frame):
            present[name] = present.get(name, 0) + 1
    wall = time.perf_counter() - began
    print(json.dumps({"wall_s": wall, "cpu_s": time.process_time() - cpu, "peak_mb": peak_mb(), "enrolled": enrolled,
                      "frames": looked, "present": present}))  # fmt: skip


if __name__ == "__main__":
    main()
