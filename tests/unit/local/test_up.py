import pytest

from local.errors import SettingError
from local.up import summary, web_port
from tests.unit.local.test_home import ENDPOINTS


def test_the_web_is_on_port_8000_unless_told_otherwise() -> None:
    assert web_port({}) == 8000
    assert web_port({"PORT": ""}) == 8000
    assert web_port({"PORT": "8080"}) == 8080


@pytest.mark.parametrize("text", ["0", "-1", "65536", "80 80", "eight", "1e3", "8080\n", "٣"])
def test_what_is_no_port_is_refused_with_the_name_of_the_setting(text: str) -> None:
    with pytest.raises(SettingError, match="PORT must be a number from 1 to 65535"):
        web_port({"PORT": text})


def test_the_summary_tells_all_a_person_needs() -> None:
    shown = summary(ENDPOINTS)
    for needed in (ENDPOINTS.web, ENDPOINTS.aws, ENDPOINTS.admin_email, ENDPOINTS.admin_password, "s3 cp"):
        assert needed in shown
    assert f"s3://{ENDPOINTS.bucket}/videos/" in shown
