"""Where signed addresses lead a browser."""

import pytest

from attendance.aws.addresses import origin, post_form, signing_client


@pytest.fixture(autouse=True)
def an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "eu-central-2", "ap-southeast-4"])
def test_a_browser_is_led_to_the_region_of_the_bucket(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    client = signing_client()
    host = "rollcall-videos.s3.amazonaws.com" if region == "us-east-1" else f"rollcall-videos.s3.{region}.amazonaws.com"

    assert origin(client, "rollcall-videos") == f"https://{host}"
    assert post_form(client, "rollcall-videos", "videos/x.mp4", most_bytes=10).url.rstrip("/") == f"https://{host}"


def test_a_signature_is_for_the_region_of_the_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-2")

    signed = signing_client().generate_presigned_url("get_object", Params={"Bucket": "b-1", "Key": "x"})

    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in signed
    assert "%2Feu-central-2%2Fs3%2Faws4_request" in signed


def test_on_one_machine_the_bucket_is_in_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    client = signing_client()

    assert origin(client, "rollcall-videos") == "http://127.0.0.1:4566"
    signed = client.generate_presigned_url("get_object", Params={"Bucket": "rollcall-videos", "Key": "x"})
    assert signed.startswith("http://127.0.0.1:4566/rollcall-videos/x?")
