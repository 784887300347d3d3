"""Everything that can be set, each as an environment variable ``JPPNET_<NAME>``."""

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, NonNegativeInt, PositiveFloat, PositiveInt, SecretStr
from pydantic_core import from_json
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DeviceProvider = Literal["cpu", "openvino", "cuda", "tensorrt"]
ProviderName = Literal["auto", "cpu", "openvino", "cuda", "tensorrt"]
LogFormat = Literal["json", "pretty"]
LogLevel = Literal["debug", "info", "warning", "error"]

PREFIX: Final = "JPPNET_"
MODELS = Path(__file__).parent / "models"
"""Where the models lie that come with the service."""

SERVICE_LINK: Final = re.compile("(tcp|udp|sctp)://")
"""How the address of another service begins that Kubernetes puts into a variable ``…_PORT``."""
PORT: Final = 8000


def _sendable(key: SecretStr) -> SecretStr:
    """A key as it can come in a header, which has no blanks around it and no control characters."""
    text = key.get_secret_value()
    if not text or text != text.strip() or not text.isprintable():
        raise ValueError("a key must not be empty, have blanks around it, or hold control characters")
    return key


Origin = Annotated[str, Field(pattern=r"^(\*|https?://[^/\s]+)$")]
Key = Annotated[SecretStr, AfterValidator(_sendable)]


def _shipped(value: Any) -> Any:
    """The file of a model that comes with the service, where that is what is named."""
    file = MODELS / f"{value}.onnx"
    return file if Path(str(value)).name == str(value) and file.is_file() else value


def _listed(value: Any) -> Any:
    """A list in a variable: as JSON, or with commas between; an empty variable is an empty list."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return from_json(value)
    return [item.strip() for item in value.split(",")] if value.strip() else []


def _keys(value: Any) -> Any:
    """A list of keys in a variable. One that is set and names none is a mistake that would let everybody in."""
    keys = _listed(value)
    if isinstance(value, str) and not keys:
        raise ValueError("it is set and names no key. Name one, or unset it if everybody may call")
    return keys


def _port(value: Any) -> Any:
    """The port to listen on. Where a Service is called “jppnet”, Kubernetes sets the variable to its address."""
    return PORT if isinstance(value, str) and SERVICE_LINK.match(value) else value


class Settings(BaseSettings):
    """The service's settings; the defaults suit a laptop."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, hide_input_in_errors=True)

    host: str = "127.0.0.1"
    port: Annotated[int, BeforeValidator(_port)] = Field(default=PORT, ge=0, le=65535)
    model: Annotated[Path, BeforeValidator(_shipped)] = MODELS / "jppnet-lite.onnx"
    """A model file, or the name of a model that comes with the service: ``jppnet-lite``, ``jppnet-base``."""
    provider: ProviderName = "auto"
    """What runs the model. Asked for by name and missing is an error; ``auto`` takes the best there is and says so."""

    max_upload_mb: PositiveFloat = 20
    """Largest file that is accepted, in millions of bytes."""
    max_pixels: PositiveInt = 64_000_000
    """Largest photo that is decoded."""

    queue_size: PositiveInt = 128
    """Photos that may be under way at once; one more is answered with 503 and the time after which to try again."""
    max_pixels_at_work: PositiveInt = 100_000_000
    """Pixels that are decoded or drawn at the same time, of all photos together; further photos wait for their turn.
    Each takes up to 13.4 bytes (measured on cutouts, the largest), so this bounds the memory that photos take to some
    1.3 GB. A photo with more pixels than that is worked on alone."""
    closer_look: bool = True
    """Whether the model runs a second time, closer, on a person who fills little of a photo; with a model whose fit is
    ``letterbox``. Such a photo costs twice as much, and photos that a person fills cost what they did."""
    share_runs: bool = True
    """Whether calls with the same photo at the same moment, like /parse and /pose of one client, share one run."""
    timeout_seconds: PositiveFloat = 30
    """Time a request may take when it does not say so itself with ``X-Request-Timeout-Ms``."""
    drain_seconds: PositiveInt = 8
    """Time from SIGTERM in which requests under way can finish and the process ends; Docker kills after 10."""
    notice_seconds: NonNegativeInt = 1
    """Time of that in which requests are still taken while /readyz already says 503; behind a load balancer, longer
    than the time between two of its looks."""

    cors_origins: Annotated[list[Origin], NoDecode, BeforeValidator(_listed)] = []
    """Origins whose pages may call the service, like ``https://example.com``, or ``*`` for all; none by default.
    A JSON list, or with commas between."""
    api_keys: Annotated[list[Key], NoDecode, BeforeValidator(_keys)] = []
    """Keys of which a call needs one; without any, everybody may call. A JSON list, or with commas between."""
    metrics_keys: Annotated[list[Key], NoDecode, BeforeValidator(_keys)] = []
    """Keys of which ``/metrics`` needs one, sent as the others are; without any, everybody may read it. They open
    nothing else, so that whoever scrapes cannot call."""

    log_format: LogFormat | None = None
    """How logs are written to stderr; pretty on a terminal and JSON elsewhere if not set."""
    log_level: LogLevel = "info"
    """What is logged: this and worse. Calls of /livez, /readyz and /metrics are for ``debug``."""

    lanes: PositiveInt | None = None
    """Threads that run the model side by side; measured at start if not set."""
    threads: PositiveInt | None = None
    """Threads within one run of the model on a CPU; measured at start if not set."""
    max_batch: PositiveInt = 32
    """Largest batch that is tried at start; the largest that pays is used."""
    cuda_graph: bool = False
    """Whether runs are captured as CUDA graphs, one per batch size, and replayed; only with provider ``cuda``, and one
    lane."""
    tensorrt_cache: Path | None = None
    """Folder that provider ``tensorrt`` keeps its engines and timings in, which take minutes to make; best a volume."""
