"""The types of problems that the service answers with: for each its status, slug, title and an example."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from service.api.problems import errors as request
from service.engine import errors as engine
from service.imaging import errors as photo


class ProblemType(NamedTuple):
    """A type of problem (RFC 9457)."""

    status: int
    """HTTP status."""
    slug: str
    """The end of its URN; stable, part of the API."""
    title: str
    example: str = ""
    """A detail, as the documentation shows it."""

    @property
    def urn(self) -> str:
        """What the problem document gives as ``type``."""
        return f"urn:jppnet:problem:{self.slug}"


PROBLEM_TYPES: Final[Mapping[type[Exception], ProblemType]] = {
    photo.EmptyPhotoError: ProblemType(
        400,
        "empty-body",
        "Empty body",
        "There is no picture in the request: its body is empty.",
    ),
    request.MultipartError: ProblemType(
        400,
        "invalid-multipart",
        "Invalid multipart form",
        "The multipart form is cut off: its last boundary is missing. Send it anew.",
    ),
    request.InvalidJsonError: ProblemType(
        400,
        "invalid-json",
        "Invalid JSON",
        "The body is not the JSON that its header promises: EOF while parsing an object at column 1.",
    ),
    request.InvalidEncodingError: ProblemType(
        400,
        "invalid-encoding",
        "Invalid encoding",
        "The gzip body is cut off. Send it anew.",
    ),
    request.UnauthorizedError: ProblemType(
        401,
        "unauthorized",
        "Unauthorized",
        "This call needs an API key: send it as Authorization: Bearer …, or as X-API-Key.",
    ),
    request.NoJointsError: ProblemType(
        404,
        "no-joints",
        "No joints",
        "The model schp is for parsing alone: it has no joints. POST /parse gives the mask, POST /analyze people and "
        "mask.",
    ),
    request.NoLabelsError: ProblemType(
        404,
        "no-labels",
        "No labels",
        "The model pose is for pose alone: it has no labels, so that there is no mask. POST /pose gives the joints.",
    ),
    request.NotAcceptableError: ProblemType(
        406,
        "not-acceptable",
        "Not acceptable",
        "The header Accept asks for text/html; what can be given is image/png or application/json.",
    ),
    engine.ReplacementError: ProblemType(
        409,
        "replacement-under-way",
        "Replacement under way",
        "Another replacement is under way. Try again when GET /model names one model only.",
    ),
    request.ModelRefusedError: ProblemType(
        422,
        "model-refused",
        "Model refused",
        "The model that was served goes on: new.onnx does not compute on provider “cuda” what it did when it was made.",
    ),
    request.SlowUploadError: ProblemType(
        408,
        "upload-too-slow",
        "Upload too slow",
        "The upload did not arrive within 60 s. Send a smaller photo, or over a faster connection.",
    ),
    request.UploadTooLargeError: ProblemType(
        413,
        "upload-too-large",
        "Upload too large",
        "The upload is larger than the 20 MB that are accepted. Send a smaller or a more compressed photo.",
    ),
    photo.TooManyPixelsError: ProblemType(
        413,
        "too-many-pixels",
        "Too many pixels",
        "The photo has 12000×9000 = 108,000,000 pixels; at most 64,000,000 are accepted. Scale it down and send it "
        "again.",
    ),
    photo.TooManyScansError: ProblemType(
        413,
        "too-many-scans",
        "Too many scans",
        "The JPEG file has too many scans for its 8000×8000 pixels: more than 50,000,000 blocks would have to be "
        "decoded. Save it as a baseline JPEG, not a progressive one, and send that.",
    ),
    photo.NotAPhotoError: ProblemType(
        415,
        "not-a-photo",
        "Not a photo",
        "These bytes are not a picture in a known format. Send a photo as JPEG, PNG, WebP, GIF or AVIF.",
    ),
    photo.UnsupportedTypeError: ProblemType(
        415,
        "unsupported-type",
        "Unsupported type of picture",
        "This is a TIFF file. Send the photo as JPEG, PNG, WebP, GIF or AVIF.",
    ),
    request.UnsupportedEncodingError: ProblemType(
        415,
        "unsupported-encoding",
        "Unsupported encoding",
        "The body's Content-Encoding is br. Send it as it is, or compressed with gzip.",
    ),
    photo.TruncatedPhotoError: ProblemType(
        422,
        "truncated-photo",
        "Truncated photo",
        "The file is cut off: it ends before the picture does. Send the whole file.",
    ),
    photo.CorruptPhotoError: ProblemType(
        422,
        "corrupt-photo",
        "Corrupt photo",
        "The file is damaged and cannot be decoded. Save the picture anew and send that.",
    ),
    request.InvalidBase64Error: ProblemType(
        422,
        "invalid-base64",
        "Invalid base64",
        "The photo's text is an address. Addresses are not fetched; send the photo itself in base64, or as a URL that "
        "begins with data: and has ;base64 before its comma.",
    ),
    request.MissingPhotoError: ProblemType(
        422,
        "missing-photo",
        "Missing photo",
        "The form has no fields “image” or “file”. Send exactly one, with the photo.",
    ),
    request.InvalidBoxError: ProblemType(
        422,
        "invalid-box",
        "Invalid box",
        "“112,40,236” is no box. A box is box=x,y,w,h: its top-left corner, width and height in pixels of the upright "
        "photo, width and height above 0, like box=112,40,236,771.",
    ),
    request.BoxesAndPeopleError: ProblemType(
        422,
        "boxes-and-people",
        "Boxes and people",
        "The request has box= and people=3. Boxes say where people are, so that nobody is looked for: leave out one of "
        "the two.",
    ),
    photo.BoxOutsideError: ProblemType(
        422,
        "box-outside",
        "Box outside the photo",
        "Box 2 (800, 0, 50, 50) lies outside the photo, which is 550×830 pixels. A box is x, y, width, height in "
        "pixels of the upright photo.",
    ),
    photo.BoxesTooLargeError: ProblemType(
        422,
        "boxes-too-large",
        "Boxes too large",
        "The boxes with their surroundings have 2,048,000,000 pixels in all; one call takes at most 256,000,000. Send "
        "fewer boxes in a call, or a smaller photo.",
    ),
    request.UnknownOptionError: ProblemType(
        422,
        "unknown-option",
        "Unknown option",
        "This call has no option “label”, which the query has. Did you mean “labels”? Its options are format, box, "
        "people, labels, opacity, mask, image_id.",
    ),
    request.ContradictingOptionsError: ProblemType(
        422,
        "contradicting-options",
        "Contradicting options",
        "The option “format” is json in the query and mask in the form. Send it once.",
    ),
    request.UnknownLabelError: ProblemType(
        422,
        "unknown-label",
        "Unknown label",
        "There is no label “cape”. The labels are background, hat, hair, …; or, by their ids, 0 to 19.",
    ),
    request.InvalidRequestError: ProblemType(
        422,
        "invalid-request",
        "Invalid request",
        "query opacity: Input should be less than or equal to 1.",
    ),
    engine.InferenceError: ProblemType(
        500,
        "inference-failed",
        "Inference failed",
        "The model failed on this photo.",
    ),
    engine.OverloadError: ProblemType(
        503,
        "overloaded",
        "Overloaded",
        "The service is busy. Try again in 2 s.",
    ),
    request.UploadsFullError: ProblemType(
        503,
        "uploads-full",
        "Uploads full",
        "The service holds as many uploads as it has memory for. Try again in 2 s.",
    ),
    engine.DeviceError: ProblemType(
        503,
        "device-failed",
        "Device failed",
        "The device that runs the model has failed; this server must be restarted.",
    ),
    engine.OutOfMemoryError: ProblemType(
        503,
        "out-of-memory",
        "Out of memory",
        "The service has too little memory for this photo now. Try again in a moment.",
    ),
    engine.ClosedError: ProblemType(
        503,
        "shutting-down",
        "Shutting down",
        "The service is shutting down.",
    ),
    engine.DeadlineError: ProblemType(
        504,
        "deadline-passed",
        "Deadline passed",
        "There was no answer within 30 s. Try again later, or allow more time with the header X-Request-Timeout-Ms.",
    ),
}
"""By exception. A subclass of one of these is a problem of the same type, unless it has a row of its own."""

INVALID_HTTP: Final = ProblemType(
    400,
    "invalid-http",
    "Invalid HTTP",
    "The request is not valid HTTP/1.1. Check the bytes that your program sends.",
)
HEAD_TOO_SLOW: Final = ProblemType(
    408,
    "head-too-slow",
    "Request head too slow",
    "The request's head did not arrive within 10 s.",
)
HEAD_TOO_LARGE: Final = ProblemType(
    431,
    "head-too-large",
    "Request head too large",
    "The request's head is larger than 32 kB. Send fewer or shorter headers and parameters.",
)
TOO_MANY_CONNECTIONS: Final = ProblemType(
    503,
    "too-many-connections",
    "Too many connections",
    "The service has reached its limit of connections. Try again in 1 s.",
)
CONNECTION_PROBLEMS: Final = (INVALID_HTTP, HEAD_TOO_SLOW, HEAD_TOO_LARGE, TOO_MANY_CONNECTIONS)
"""Why a connection is refused before there is a request."""


INTERNAL_ERROR: Final = ProblemType(500, "internal-error", "Internal error")
"""What no row of the table knows."""
HUNG_UP: Final = ProblemType(499, "hung-up", "Client closed the connection")
"""Counted and never sent. The status is nginx's; there is no standard one."""


def problem_type_of(error: Exception) -> ProblemType:
    """The type of problem that an error is, by its class or the nearest base class that is in the table.

    Raises:
        LookupError: the error is none of them.
    """
    for base in type(error).__mro__:
        if base in PROBLEM_TYPES:
            return PROBLEM_TYPES[base]
    raise LookupError(f"{type(error).__name__} is no problem that the service knows")


def types_by_status(*statuses: int) -> Iterator[tuple[int, list[ProblemType]]]:
    """For each status, the types of problem that have it."""
    for status in statuses:
        yield status, [it for it in (*PROBLEM_TYPES.values(), *CONNECTION_PROBLEMS) if it.status == status]
