"""Memory the C library holds back after it was freed."""

import ctypes

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
"""The parameters' numbers in glibc's malloc.h."""

_ARENAS = 2
_MAPPED_BYTES = 256 * 1024


def limit_held_memory() -> None:
    """Let glibc give the memory of pictures back at once, and all threads share two of its arenas.

    By itself it learns to keep blocks of up to 32 MB, of which a stream of pictures leaves many in pieces (60 MB), and
    has eight arenas for each core: threads pass pictures on to each other, so what one frees stays in the arena of
    another (100 MB). To be called before threads start; other C libraries are left as they are.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_ARENA_MAX, _ARENAS)
        library.mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)
