"""Errors of requests that the API itself finds. Each message is a sentence for the person who sent the request."""

from typing import Self


class UploadTooLargeError(ValueError):
    """The request's body is larger than the service accepts."""

    @classmethod
    def of(cls, max_bytes: int) -> Self:
        """The error that names the limit."""
        return cls(
            f"The upload is larger than the {max_bytes / 1e6:g} MB that are accepted. Send a smaller or a more "
            "compressed photo."
        )


class ModelRefusedError(ValueError):
    """The files that were to take the place of the served model cannot be served."""


class MultipartError(ValueError):
    """The request's body is not the multipart form that its header promises."""


class InvalidJsonError(ValueError):
    """The request's body is not the JSON that its header promises."""


class InvalidBase64Error(ValueError):
    """The photo's text is neither base64 nor a ``data:`` URL of it."""


class UnsupportedEncodingError(ValueError):
    """The request's body is compressed in a way that is not understood."""


class InvalidEncodingError(ValueError):
    """The request's body is not compressed as its header promises."""


class UnknownOptionError(ValueError):
    """The request has an option that the call does not have."""


class ContradictingOptionsError(ValueError):
    """The request says two things of one option."""


class MissingPhotoError(ValueError):
    """The multipart form or JSON has no photo, or more than one."""


class SlowUploadError(ValueError):
    """The request's body did not arrive in time."""


class UploadsFullError(RuntimeError):
    """The bodies under way take all the memory there is for them; ``retry_after`` is the wait in seconds."""

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnknownLabelError(ValueError):
    """A label is asked for that the model does not know."""


class NoLabelsError(LookupError):
    """A mask is asked of a model that has no labels."""


class NoJointsError(LookupError):
    """Joints are asked of a model that has none."""


class InvalidBoxError(ValueError):
    """What should be a box is none, or there are too many."""


class BoxesAndPeopleError(ValueError):
    """The query says where people are, and how many are to be looked for."""


class InvalidRequestError(ValueError):
    """A parameter has a value that it cannot have."""


class UnauthorizedError(ValueError):
    """The call needs an API key, and there is none or a wrong one."""


class NotAcceptableError(ValueError):
    """None of the media types that the client accepts can be given."""
