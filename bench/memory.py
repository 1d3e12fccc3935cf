"""How much memory this process has taken at most; standard library only, so that every environment can use it."""

import resource
import sys
from pathlib import Path


def peak_mb() -> float:
    """Largest resident size of this process so far, megabytes (10^6 bytes).

    On Linux getrusage also counts what the parent held when it started this process; the kernel's own high-water mark
    of the address space does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
