"""The id of a request: the client's, or a new one."""

import re
import uuid
from typing import Final

HEADER: Final = "X-Request-ID"
_USABLE: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


def usable_or_new(sent: str) -> str:
    """The id that a client sent, or a new one if that is empty, too long or has other characters."""
    return sent if _USABLE.fullmatch(sent) else uuid.uuid4().hex
