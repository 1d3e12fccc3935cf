"""The 0-100 Similarity scale and the cosine behind it.

S = 100 / (1 + exp(-22.3 (cos - 0.347))), fitted to the false matches of SFace among a gallery of 40 people with
one photo each: cosine 0.41 gives 80, 0.456 gives 92, 0.553 gives 99.
"""

import math

_STEEPNESS = 22.3
_CENTRE = 0.347


def similarity_of(cosine: float) -> float:
    """The Similarity (0-100) of two faces whose embeddings have this cosine (-1..1)."""
    return 100.0 / (1.0 + math.exp(-_STEEPNESS * (cosine - _CENTRE)))


def cosine_of(similarity: float) -> float:
    """The least cosine (-1..1) that reaches this Similarity.

    Raises:
        ValueError: the similarity is not within 0-100.
    """
    if not 0.0 <= similarity <= 100.0:
        raise ValueError(f"a similarity is 0 to 100, not {similarity}")
    if similarity <= similarity_of(-1.0):
        return -1.0
    if similarity >= similarity_of(1.0):
        return 1.0
    return _CENTRE + math.log(similarity / (100.0 - similarity)) / _STEEPNESS
