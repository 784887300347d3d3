"""Complete picture files: whether a file ends where its picture does.

Decoders fill what is missing at a file's end with grey and go on. A network would learn that, or label it.
"""

from service.imaging.errors import PhotoError, TruncatedPhotoError
from service.imaging.inspect import read_file


def is_complete(data: bytes) -> bool:
    """Whether a picture's file has its end, as the service sees it; True for files that the service does not read."""
    try:
        return read_file(data).is_complete
    except TruncatedPhotoError:
        return False
    except PhotoError:
        return True
