"""Named errors of the pipeline, and what each error means to the person who waits for a register.

The state machine decides by an error's name alone whether to try again, so names are part of the contract.
"""

import json


class RollcallError(Exception):
    """The base of errors whose message is a sentence for a person."""


class SettingsError(RollcallError):
    """An environment variable is missing or wrong."""


class BadEventError(RollcallError):
    """The execution was started with something else than an "Object Created" event."""


class BadVideoKeyError(RollcallError):
    """An object's key names no course, date and video."""


class BadSessionError(RollcallError):
    """A session_id is not a date, or a date and a slot."""


class UnknownCourseError(RollcallError):
    """The key names a course that nobody created."""


class EmptyVideoError(RollcallError):
    """The object has no bytes."""


class VideoErasedError(RollcallError):
    """A person erased the recording; what comes late of it is not searched any more."""


class VideoTooLargeError(RollcallError):
    """The object is larger than a face search can take."""


class FaceSearchFailedError(RollcallError):
    """The face service gave up on the video."""


class SessionChangedError(RollcallError):
    """The session's rows were decided anew meanwhile; what this run decided must not be written any more."""


class UnprocessedItemsError(RollcallError):
    """DynamoDB kept refusing a part of a batch; trying later helps."""


class ServiceBusyError(RollcallError):
    """A service is out of breath for the moment; trying later helps."""


class AccessDeniedError(RollcallError):
    """A step lacks a right, or an object is not there and the step may not know."""


class ObjectNotFoundError(RollcallError):
    """An object is not in its bucket."""


_OWN_NAMES = frozenset(error.__name__ for error in RollcallError.__subclasses__())

_NOT_READABLE = (
    "The file is not a video that can be read. Upload an MP4 or MOV file with H.264 video, "
    "and check that it plays from start to end."
)
_TRY_LATER = "A service was too busy for too long. Start the video again in a few minutes."
_UNREACHABLE = "A service cannot be reached. Check that it runs, then start the video again."
_DENIED = "A step lacks a permission. Ask whoever runs the stack to deploy the template again as it is."
_TOO_LONG = "A step took too long. Start the video again; if it fails again, upload it in shorter parts."
_CRASHED = "A step broke off. Start the video again; if it fails again, the execution's history tells where."

_REASONS = {
    "InvalidS3ObjectException": (
        "The face service cannot read the video from the bucket. Check that it is still there and is an MP4 or "
        "MOV file with H.264 video, then upload it again."
    ),
    "VideoTooLargeException": "The video is too large: at most 10 GB and 6 hours. Upload it in shorter parts.",
    "InvalidParameterException": _NOT_READABLE,
    "InvalidVideoFormatException": _NOT_READABLE,
    "UnsupportedCodecException": _NOT_READABLE,
    "LimitExceededException": (
        "The face service was busy with other videos for hours. Start the video again when they are done."
    ),
    "IdempotentParameterMismatchException": (
        "A search of this video was started before with other settings. Upload the video again to search it anew."
    ),
    "ResourceNotFoundException": (
        "The face collection or the search is gone. Enrol at least one student, then start the video again."
    ),
    "AccessDeniedException": _DENIED,
    "UnrecognizedClientException": _DENIED,
    "InvalidImageFormatException": _NOT_READABLE,
    "ThrottlingException": _TRY_LATER,
    "ProvisionedThroughputExceededException": _TRY_LATER,
    "RequestLimitExceeded": _TRY_LATER,
    "InternalServerError": _TRY_LATER,
    "ConditionalCheckFailedException": _TRY_LATER,
    "TransactionConflictException": _TRY_LATER,
    "ConnectTimeoutError": _TRY_LATER,
    "ReadTimeoutError": _TRY_LATER,
    "EndpointConnectionError": _UNREACHABLE,
    "ConnectionClosedError": _TRY_LATER,
    "Lambda.TooManyRequestsException": _TRY_LATER,
    "Lambda.ServiceException": _TRY_LATER,
    "Lambda.SdkClientException": _TRY_LATER,
    "Lambda.AWSLambdaException": _TRY_LATER,
    "Lambda.ClientExecutionTimeoutException": _TRY_LATER,
    "States.Timeout": _TOO_LONG,
    "Sandbox.Timedout": _TOO_LONG,
    "Execution.TimedOut": (
        "The run was not done after 72 hours and was stopped. Start the video again; "
        "if it is stopped again, the face service is stuck: tell whoever runs the stack."
    ),
    "Execution.Aborted": "Somebody stopped the run before it was done. Start the video again when the cause is gone.",
    "States.TaskFailed": _CRASHED,
    "Lambda.Unknown": _CRASHED,
    "Runtime.ExitError": _CRASHED,
    "States.Permissions": _DENIED,
    # Ours by name only: what they say comes from a service.
    "AccessDeniedError": _DENIED,
    "ServiceBusyError": _TRY_LATER,
    "ObjectNotFoundError": (
        "What an earlier step had kept in the work bucket is gone. Start the video again, and it is made again."
    ),
    "UnknownTimeZoneError": (
        "The course has no valid time zone. Set one such as Europe/Zurich, then start the video again."
    ),
}


def reason(name: str, cause: str) -> str:
    """What a person should know and do about a caught error.

    Args:
        name: the error's name as the state machine caught it.
        cause: for a function's error, JSON with `errorMessage`; its text is shown only for errors of ours, since
            those of others may hold anything.
    """
    if known := _REASONS.get(name):
        return known
    if name in _OWN_NAMES:
        return _message(cause) or f"The video failed with {name}. The execution's history tells more."
    return f"The video failed with an unexpected error ({name}). The execution's history tells more."


def passes(name: str) -> bool:
    """Whether an error of this name says nothing of what was asked, so that asking again later helps."""
    return name == UnprocessedItemsError.__name__ or _REASONS.get(name) in {_TRY_LATER, _UNREACHABLE}


def _message(cause: str) -> str:
    try:
        body = json.loads(cause)
    except ValueError:
        return ""
    message = body.get("errorMessage") if isinstance(body, dict) else None
    return message if isinstance(message, str) else ""
