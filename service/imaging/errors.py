"""What can be wrong with a picture. Each message is a sentence for the person who sent it."""


class PhotoError(ValueError):
    """A picture that cannot be used; the message says why and what to do."""


class EmptyPhotoError(PhotoError):
    """No bytes at all."""


class NotAPhotoError(PhotoError):
    """The bytes are no picture that we know by its first bytes."""


class UnsupportedTypeError(PhotoError):
    """A known kind of file, but not one that is decoded here."""


class TruncatedPhotoError(PhotoError):
    """The file ends before the picture does."""


class CorruptPhotoError(PhotoError):
    """The file is whole, or seems so, but cannot be decoded."""


class TooManyPixelsError(PhotoError):
    """Larger than the service may decode."""


class TooManyScansError(PhotoError):
    """A JPEG file that builds its picture up in so many scans that decoding them would take too long."""


class BoxOutsideError(PhotoError):
    """A box that was asked about has nothing of the photo in it."""


class BoxesTooLargeError(PhotoError):
    """The boxes that were asked about have more pixels in all than one request may cost."""
