"""Errors of pictures. Each message is a sentence for the person who sent the picture."""


class PhotoError(ValueError):
    """A picture that cannot be used; the message says why and what to do."""


class EmptyPhotoError(PhotoError):
    """No bytes at all."""


class NotAPhotoError(PhotoError):
    """The first bytes are not those of a known picture format."""


class UnsupportedTypeError(PhotoError):
    """A known format that is not supported."""


class TruncatedPhotoError(PhotoError):
    """The file ends before the picture does."""


class CorruptPhotoError(PhotoError):
    """The file is damaged, or cannot be decoded."""


class TooManyPixelsError(PhotoError):
    """The picture has more pixels than allowed."""


class TooManyScansError(PhotoError):
    """A JPEG file has so many scans that decoding them would take too long."""


class BoxOutsideError(PhotoError):
    """A requested box lies outside the photo."""


class BoxesTooLargeError(PhotoError):
    """The requested boxes together have more pixels than one request may have."""
