"""Secrets, read from where AWS keeps them: they never stand in a function's environment."""

import boto3


def secret_value(arn: str) -> str:
    """The text of a secret of Secrets Manager."""
    text: str = boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    return text
