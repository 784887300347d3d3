"""Examples for the OpenAPI document: a photo, and what each kind of problem says."""

from typing import Final

PHOTO_BASE64: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4AWNqAAAAhgCDMo8PBgAAAABJRU5ErkJggg=="
"""A PNG of one grey pixel: small enough for a document, and a photo that the service answers."""

DETAILS: Final = {
    "empty-body": "There is no picture in the request: its body is empty.",
    "invalid-multipart": "The multipart form is cut off: its last boundary is missing. Send it anew.",
    "invalid-json": "The body is not the JSON that its header promises: EOF while parsing an object at column 1.",
    "unauthorized": "This call needs an API key: send it as Authorization: Bearer …, or as X-API-Key.",
    "not-acceptable": "The header Accept asks for text/html; what can be given is image/png or application/json.",
    "invalid-http": "The request is no HTTP/1.1. Check what your program sends, byte for byte.",
    "upload-too-slow": "The upload did not arrive within 60 s. Send a smaller photo, or over a faster connection.",
    "head-too-slow": "The request's head did not arrive within 10 s.",
    "head-too-large": "The request's head is larger than 32 kB. Send fewer or shorter headers and parameters.",
    "upload-too-large": "The upload is larger than the 20 MB that are accepted. Send a smaller or a more compressed "
    "photo.",
    "too-many-pixels": "The photo has 12000×9000 = 108,000,000 pixels; at most 64,000,000 are accepted. Scale it down "
    "and send it again.",
    "too-many-scans": "The JPEG file builds its 8000×8000 pixels up in too many scans: more than 50,000,000 blocks "
    "would have to be decoded. Save it as a baseline JPEG, not a progressive one, and send that.",
    "not-a-photo": "These bytes are no picture that is known here. Send a photo as JPEG, PNG or WebP.",
    "unsupported-type": "This is a GIF file. Send the photo as JPEG, PNG or WebP.",
    "truncated-photo": "The file is cut off: it ends before the picture does. Send the whole file.",
    "corrupt-photo": "The file is damaged and cannot be decoded. Save the picture anew and send that.",
    "invalid-base64": "The photo's text is an address. Addresses are not fetched; send the photo itself in base64, or "
    "as a URL that begins with data: and has ;base64 before its comma.",
    "missing-photo": "The form has no fields “image” or “file”. Send exactly one, with the photo.",
    "invalid-box": "“112,40,236” is no box. A box is box=x,y,w,h: its top-left corner, width and height in pixels of "
    "the upright photo, width and height above 0, like box=112,40,236,771.",
    "box-outside": "Box 2 (800, 0, 50, 50) lies outside the photo, which is 550×830 pixels. A box is x, y, width, "
    "height in pixels of the upright photo.",
    "boxes-too-large": "The boxes with their surroundings have 2,048,000,000 pixels in all; one call takes at most "
    "256,000,000. Send fewer boxes in a call, or a smaller photo.",
    "unknown-label": "There is no label “cape”. The labels are background, hat, hair, …; or, by their ids, 0 to 19.",
    "invalid-request": "query opacity: Input should be less than or equal to 1.",
    "inference-failed": "The model failed on this photo.",
    "overloaded": "The service is busy. Try again in 2 s.",
    "uploads-full": "The service holds as many uploads as it has memory for. Try again in 2 s.",
    "too-many-connections": "The service has as many connections as it can have. Try again in 1 s.",
    "device-failed": "The device that runs the model has failed; this server must be restarted.",
    "out-of-memory": "The service has too little memory for this photo now. Try again in a moment.",
    "shutting-down": "The service is shutting down.",
    "deadline-passed": "There was no answer within 30 s. Try again later, or allow more time with the header "
    "X-Request-Timeout-Ms.",
}
"""A detail of each kind of problem, by the kind's name."""
