"""Makes the marker of these tests known: `pytest -m "not scale"` leaves them out."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "scale: the largest session, a matter of minutes")
