"""Runs again what a kill or a power loss interrupted: every stored video that has neither a register nor a failure.

It is the hourly reconciliation of `attendance.recovery` without its limits: all sessions and uploads are looked at, for
no run has survived, and no event is still on its way.
"""

from datetime import UTC, datetime

from attendance.aws.clients import name_errors
from attendance.aws.compose import reader, utc_now
from attendance.aws.tools import tools_with
from attendance.keys import UNFILED
from attendance.recovery import reconcile
from attendance.register import all_sessions
from attendance.settings import Settings
from local import clients
from local.home import Endpoints

_EVER = datetime.min.replace(tzinfo=UTC)


def resume(endpoints: Endpoints) -> int:
    """Start the state machine for every interrupted video; how many there are."""
    settings = Settings.from_environment(endpoints.settings)
    tables, s3 = clients.dynamodb(endpoints.aws), clients.s3(endpoints.aws)
    name_errors(s3)
    tools = tools_with(
        settings, tables, s3, clients.rekognition(endpoints.rekognition), clients.stepfunctions(endpoints.aws)
    )
    found = reader(settings, tables.meta.client)
    courses = (*found.course_ids(), UNFILED)
    sessions = [session for course_id in courses for session in all_sessions(found, course_id)]
    return reconcile(sessions, _EVER, utc_now(), None, tools).started
