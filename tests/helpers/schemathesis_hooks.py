"""What schemathesis cannot know of the service: which bytes are a photo, and that time passes."""

from typing import Any

import schemathesis
from hypothesis import strategies as st

from tests.helpers.toy_model import jpeg, paint, png

PHOTO = paint(192, 256, {1: (40, 80, 80, 80), 3: (64, 16, 32, 40)})
TIMEOUT_HEADER = "X-Request-Timeout-Ms"

for media_type, photo in (("image/png", png(PHOTO)), ("image/jpeg", jpeg(PHOTO))):
    schemathesis.openapi.media_type(media_type, st.just(photo) | st.binary(max_size=100))


@schemathesis.hook
def before_call(context: Any, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Allows enough time: a caller who allows a millisecond is told that it has passed, rightly with a 504."""
    if case.headers and str(case.headers.get(TIMEOUT_HEADER)).isdecimal():
        case.headers[TIMEOUT_HEADER] = "60000"
