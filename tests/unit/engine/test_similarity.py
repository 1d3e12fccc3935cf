import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekognition_local.engine import cosine_of, similarity_of

cosines = st.floats(-1, 1)


@given(cosines, cosines)
def test_a_higher_cosine_is_never_less_similar(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= similarity_of(low) <= similarity_of(high) <= 100


@given(st.floats(0.001, 99.999))
def test_cosine_and_similarity_undo_each_other(similarity: float) -> None:
    assert similarity_of(cosine_of(similarity)) == pytest.approx(similarity, abs=1e-6)


@pytest.mark.parametrize(("cosine", "similarity"), [(0.41, 80), (0.4565, 92), (0.55, 99)])
def test_the_scale_has_its_calibrated_values(cosine: float, similarity: float) -> None:
    assert similarity_of(cosine) == pytest.approx(similarity, abs=0.6)


def test_the_ends_of_the_scale_are_the_ends_of_the_cosine() -> None:
    assert cosine_of(0) == -1
    assert cosine_of(100) == 1


@pytest.mark.parametrize("similarity", [-0.1, 100.1, float("nan")])
def test_a_similarity_off_the_scale_is_refused(similarity: float) -> None:
    with pytest.raises(ValueError, match="0 to 100"):
        cosine_of(similarity)
