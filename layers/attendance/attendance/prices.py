"""What AWS charges, in dollars in us-east-1 without free tiers, and what a video costs.

As published in November 2026 on aws.amazon.com/<service>/pricing.
"""

TRANSITION = 0.025 / 1_000
"""Step Functions, standard workflow."""
GB_SECOND = 0.0000166667
"""Lambda on x86, first tier."""
INVOCATION = 0.20 / 1_000_000
"""Lambda."""
WRITE_UNIT = 0.625 / 1_000_000
"""DynamoDB on demand: 1 KB written; twice in a transaction, and once more for each index."""
READ_UNIT = 0.125 / 1_000_000
"""DynamoDB on demand: 4 KB read, strongly consistent."""
S3_WRITE = 0.005 / 1_000
"""S3 Standard: PUT, COPY, POST, LIST."""
S3_READ = 0.0004 / 1_000
"""S3 Standard: GET and all others."""
VIDEO_MINUTE = 0.10
"""Rekognition, face search in stored video."""

STEPS_AT_MOST = 0.01
"""All of a video but its search: twice what was measured for 50 minutes and 300 students (docs/benchmarks.md)."""


def video_cost(seconds: float) -> float:
    """What a video of so many seconds costs at most, in dollars."""
    return seconds / 60 * VIDEO_MINUTE + STEPS_AT_MOST
