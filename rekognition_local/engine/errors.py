"""What can be wrong with a picture, a video or the installed models."""


class EngineError(Exception):
    """Base of everything the face engine raises on purpose; the message says what is wrong and what to do."""


class InvalidImageError(EngineError):
    """The bytes are no complete JPEG or PNG picture."""


class ImageTooLargeError(EngineError):
    """The picture has more pixels than the engine decodes."""


class InvalidVideoError(EngineError):
    """The file is no video of which at least one frame can be decoded."""


class ModelUnavailableError(EngineError):
    """The pinned package with the face models is missing, or its files are not the expected ones."""
