"""The errors a client of the face service can meet, named and numbered as Amazon Rekognition does."""


class RekognitionError(Exception):
    """An error that is answered to the client.

    Attributes:
        code: the AWS error code, which boto3 turns into `client.exceptions.<code>` where the operation declares it.
        status: the HTTP status; boto3 tries again by itself on 500.
    """

    code = "InternalServerError"
    status = 500


class AccessDeniedError(RekognitionError):
    """The operation exists in Amazon Rekognition, but this service does not offer it."""

    code = "AccessDeniedException"
    status = 400


class IdempotentParameterMismatchError(RekognitionError):
    """A ClientRequestToken was used again with other parameters."""

    code = "IdempotentParameterMismatchException"
    status = 400


class ImageTooLargeError(RekognitionError):
    """A picture has too many bytes or pixels."""

    code = "ImageTooLargeException"
    status = 400


class InternalServerError(RekognitionError):
    """A fault of the service itself."""


class InvalidImageFormatError(RekognitionError):
    """The bytes are no picture this service reads."""

    code = "InvalidImageFormatException"
    status = 400


class InvalidPaginationTokenError(RekognitionError):
    """A NextToken that this service did not make for this request."""

    code = "InvalidPaginationTokenException"
    status = 400


class InvalidParameterError(RekognitionError):
    """A parameter is well formed but cannot be used."""

    code = "InvalidParameterException"
    status = 400


class InvalidS3ObjectError(RekognitionError):
    """The S3 object is missing or may not be read."""

    code = "InvalidS3ObjectException"
    status = 400


class LimitExceededError(RekognitionError):
    """Too many video jobs are in progress."""

    code = "LimitExceededException"
    status = 400


class ResourceAlreadyExistsError(RekognitionError):
    """A collection of that name exists already."""

    code = "ResourceAlreadyExistsException"
    status = 400


class ResourceNotFoundError(RekognitionError):
    """No collection, face, user or job of that name."""

    code = "ResourceNotFoundException"
    status = 400


class ResourceNotReadyError(RekognitionError):
    """The collection was made with another face model than the service's."""

    code = "ResourceNotReadyException"
    status = 400


class SerializationError(RekognitionError):
    """The body of the request is no JSON of the operation's shape."""

    code = "SerializationException"
    status = 400


class UnknownOperationError(RekognitionError):
    """Amazon Rekognition has no such operation."""

    code = "UnknownOperationException"
    status = 400


class ValidationError(RekognitionError):
    """A value breaks a constraint of the operation's input shape."""

    code = "ValidationException"
    status = 400


class VideoTooLargeError(RekognitionError):
    """The video has more bytes than one job may have."""

    code = "VideoTooLargeException"
    status = 400
