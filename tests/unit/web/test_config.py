"""A web that is not configured does not start."""

from dataclasses import asdict

import pytest

from attendance.errors import SettingsError
from tests.functional.web.tables import settings
from web.config import WebConfig


@pytest.mark.parametrize("secret_key", ["", "secret", "x" * 31])
def test_a_missing_or_short_secret_key_is_refused_with_what_to_do(secret_key: str) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        WebConfig(secret_key, settings())


def test_the_environment_must_be_complete() -> None:
    with pytest.raises(SettingsError, match="STUDENTS_TABLE"):
        WebConfig.from_environment(local_http=True, environment={"SECRET_KEY": "x" * 64})


def test_the_secret_key_is_not_shown() -> None:
    assert "kkkk" not in repr(WebConfig("k" * 64, settings()))


@pytest.mark.parametrize(("face_service", "is_charged"), [("", True), ("http://127.0.0.1:4567", False)])
def test_a_search_is_charged_where_no_own_face_service_does_it(face_service: str, is_charged: bool) -> None:
    environment = {name.upper(): str(value) for name, value in asdict(settings()).items()}
    environment |= {"SECRET_KEY": "x" * 64, "AWS_ENDPOINT_URL_REKOGNITION": face_service}
    assert WebConfig.from_environment(local_http=True, environment=environment).is_search_charged is is_charged


@pytest.mark.parametrize("local_http", [True, False])
def test_what_is_not_served_on_this_machine_is_a_function_with_its_table_of_counts(local_http: bool) -> None:
    environment = {name.upper(): str(value) for name, value in asdict(settings()).items()}
    environment |= {"SECRET_KEY": "x" * 64, "RATE_LIMITS_TABLE": "counts"}
    config = WebConfig.from_environment(local_http=local_http, environment=environment)
    assert (config.is_function, config.rate_limits_table) == (not local_http, "counts")
