"""Memory the C library holds back for threads."""

import ctypes

_M_ARENA_MAX = -8
"""The parameter's number in glibc's malloc.h."""

_ARENAS = 2


def limit_arenas() -> None:
    """Let all threads share two of glibc's arenas instead of having eight for each core.

    Threads pass large pictures on to each other, so what one frees stays in the arena of another: more arenas only hold
    freed memory (a hundred megabytes). To be called before threads start; other C libraries are left as they are.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_ARENA_MAX, _ARENAS)
