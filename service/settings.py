"""The settings, each an environment variable ``JPPNET_<NAME>``."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import from_json
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.imaging.inspect import MAX_SCAN_BLOCKS

DeviceProvider = Literal["cpu", "openvino", "cuda", "tensorrt"]
ProviderName = Literal["auto", DeviceProvider]
Isolation = Literal["auto", "all", "none"]
LogFormat = Literal["json", "pretty"]
LogLevel = Literal["debug", "info", "warning", "error"]

PREFIX: Final = "JPPNET_"
MODELS = Path(__file__).parent / "models"
"""Where the models lie that come with the service."""

DETECTORS: Final = ("jppnet-detect", "jppnet-detect.int8")
"""Names of the detector that comes with the service."""

SERVICE_LINK: Final = re.compile("(tcp|udp|sctp)://")
"""How the address of another service begins that Kubernetes puts into a variable ``…_PORT``."""
PORT: Final = 8000


def _sendable(key: SecretStr) -> SecretStr:
    """A key as it can come in a header, which has no blanks around it and no control characters."""
    text = key.get_secret_value()
    if not text or text != text.strip() or not text.isprintable():
        raise ValueError("a key must not be empty, have blanks around it, or hold control characters")
    return key


Origin = Annotated[str, Field(pattern=r"^(\*|null|[a-z][a-z0-9+.-]*://(\*\.)?[^/\s*]+)$")]
Proxy = Annotated[str, AfterValidator(lambda text: str(ip_network(text)))]
Key = Annotated[SecretStr, AfterValidator(_sendable)]
Megabytes = Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
WholeSeconds = Annotated[int, Field(ge=0, le=86_400)]
Pixels = Annotated[int, Field(ge=1, le=10**12)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Threads = Annotated[int, Field(ge=1, le=1024)]


def shipped_file(name: str) -> Path | None:
    """The file of a model that comes with the service; None if there is none of that name."""
    file = MODELS / f"{name}.onnx"
    return file if Path(name).name == name and file.is_file() else None


def _shipped(value: Any) -> Any:
    """The file of a model that comes with the service, where that is what is named."""
    return shipped_file(str(value)) or value


def _detector(value: Any) -> Any:
    """A detector that is named, by its file or as one that comes with the service; an empty name is none."""
    return None if value == "" else _shipped(value)


def _shipped_detector() -> Path | None:
    """The detector that comes with the service, in whatever precision."""
    return next((file for file in (MODELS / f"{name}.onnx" for name in DETECTORS) if file.is_file()), None)


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


def _isolation(value: Any) -> Any:
    """Which photos are decoded in processes; once, that was a truth value."""
    return {"true": "all", "1": "all", "false": "none", "0": "none"}.get(str(value).lower(), value)


class Settings(BaseSettings):
    """The service's settings; the defaults suit a laptop."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, hide_input_in_errors=True, use_attribute_docstrings=True)

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 for all of the machine's."""
    port: Annotated[int, BeforeValidator(_port)] = Field(default=PORT, ge=0, le=65535)
    """Port to listen on."""
    model: Annotated[Path, BeforeValidator(_shipped)] = MODELS / "jppnet-lite.onnx"
    """A model file, or the name of a model that comes with the service: ``jppnet-lite``, ``jppnet-base``."""
    provider: ProviderName = "auto"
    """What runs the model. Asked for by name and missing is an error; ``auto`` takes the best there is and says so."""

    detector: Annotated[Path | None, BeforeValidator(_detector)] = Field(default_factory=_shipped_detector)
    """A file that finds people in a photo, so that each is shown to the model by itself; the one that comes with the
    service if not set. Empty: none; the model is shown the whole photo, and one person is looked for."""
    max_people: Annotated[int, Field(ge=1, le=32)] = 20
    """People of one photo that are answered at most, the surest. Each costs a run of the model."""

    max_upload_mb: Megabytes = 20
    """Largest file that is accepted, in millions of bytes."""
    upload_budget_mb: Megabytes = 512
    """Bytes of all request bodies in memory together, in millions, from the first byte of each until its answer is
    made. One upload gets at most a quarter of what is free, so that large ones leave room for small ones. What does not
    fit is answered with 503 before it is read."""
    answer_budget_mb: Megabytes = 256
    """Bytes of answers that clients have not read yet, in millions, of all connections together. Above it, connections
    are ended, the one that has waited longest first."""
    max_pixels: Pixels = 64_000_000
    """Largest photo that is decoded."""
    max_scan_blocks: Pixels = MAX_SCAN_BLOCKS
    """Blocks of 8×8 pixels that the scans of one JPEG file may have, all together, where there are several: they cost
    up to 25 ns each however small the file is. A camera's progressive photo of 64 megapixels has 15 million."""
    isolate_decoding: Annotated[Isolation, BeforeValidator(_isolation)] = "auto"
    """Which photos are decoded in processes of their own, three for two cores, so that a file that breaks the decoder
    or keeps it busy costs that photo and nothing else. ``auto``: all but baseline JPEGs of ordinary size, whose time
    and memory are bounded by the way they are made; ``all`` (or ``true``); ``none`` (or ``false``). Each process takes
    some 25 MB. On Linux only: elsewhere the service says so at the start, and decodes in its own process."""

    queue_size: Count = 128
    """Photos that may be under way at once; one more is answered with 503 and the time after which to try again."""
    max_pixels_at_work: Pixels = 100_000_000
    """Pixels that are decoded or drawn at the same time, of all photos together; further photos wait for their turn.
    Each stands for 18 bytes, which is what the largest answer takes, so this bounds the memory that photos take to some
    1.8 GB; a photo whose type takes more counts as more pixels. One that is larger than that is worked on alone."""
    closer_look: bool = True
    """Whether the model runs a second time, closer, on a person who fills little of a photo; with a model whose fit is
    ``letterbox``. Such a photo costs twice as much, and photos that a person fills cost what they did."""
    share_runs: bool = True
    """Whether calls with the same photo at the same moment, like /parse and /pose of one client, share one run."""
    timeout_seconds: Seconds = 30
    """Time a request may take when it does not say so itself with ``X-Request-Timeout-Ms``."""
    drain_seconds: Annotated[WholeSeconds, Field(ge=1)] = 8
    """Time from SIGTERM in which requests under way can finish and the process ends; Docker kills after 10. What does
    not fit is answered with 503."""
    notice_seconds: WholeSeconds = 1
    """Part of the drain in which requests are still accepted while /readyz already answers 503. Behind a load balancer:
    longer than the time between two of its health checks. Not more than ``drain_seconds``."""

    max_connections: Count = 1000
    """Connections that may be open at once, fewer where the process may have fewer descriptors. Above it, a new
    connection takes the place of one that is idle, or whose client has kept the service waiting longest."""
    keep_alive_seconds: Annotated[int, Field(ge=1, le=86_400)] = 75
    """Time that a connection stays open between two requests. Longer than a load balancer keeps it (nginx and AWS's
    ALB: 60): else it sends a photo on a connection that is being closed, and answers with 502."""
    max_head_kb: Annotated[int, Field(ge=1, le=1024)] = 32
    """Largest head of a request (its first line and headers), in thousands of bytes."""
    head_seconds: Seconds = 10
    """Time from the first byte of a request's head to the last, and from connecting to the first request."""
    body_seconds: Seconds = 60
    """Time in which a request's body must have arrived, whatever ``X-Request-Timeout-Ms`` says."""
    write_seconds: Seconds = 30
    """Time in which a client must take the next 256 kB of its answer, or the rest; else its connection is ended."""

    cors_origins: Annotated[list[Origin], NoDecode, BeforeValidator(_listed)] = []
    """Origins whose pages may call the service, like ``https://example.com``, ``https://*.example.com`` for all its
    subdomains, ``tauri://localhost``, ``null`` (pages in a sandbox or from a file), or ``*`` for all; none by default.
    A JSON list, or with commas between."""
    trusted_proxies: Annotated[list[Proxy], NoDecode, BeforeValidator(_listed)] = []
    """Addresses or networks of the proxies in front, like ``10.0.0.0/8``: from these, ``X-Forwarded-For`` says who the
    client is. The log names clients by their address. A JSON list, or with commas between."""
    api_keys: Annotated[list[Key], NoDecode, BeforeValidator(_keys)] = []
    """Keys of which a call needs one; without any, everybody may call. A JSON list, or with commas between."""
    metrics_keys: Annotated[list[Key], NoDecode, BeforeValidator(_keys)] = []
    """Keys of which ``/metrics`` needs one, sent as the others are; without any, everybody may read it. They are
    valid for nothing else."""
    admin_keys: Annotated[list[Key], NoDecode, BeforeValidator(_keys)] = []
    """Keys of which ``POST /admin/model`` needs one, which replaces the model; without any, there is no such call. They
    are valid for nothing else."""

    log_format: LogFormat | None = None
    """How logs are written to stderr; pretty on a terminal and JSON elsewhere if not set."""
    log_level: LogLevel = "info"
    """Least severe level that is logged. Calls of /livez, /readyz and /metrics are logged at ``debug``."""

    lanes: Threads | None = None
    """Threads that run the model side by side; measured at start if not set."""
    threads: Threads | None = None
    """Threads within one run of the model on a CPU; measured at start if not set."""
    threads_alone: Threads | None = None
    """Threads within the run of a photo that is alone, on a CPU, beside lanes of one thread; measured at start if not
    set, and 1 where that is no faster. More than 1 costs the memory of a second open model."""
    max_batch: Threads = 32
    """Largest batch that is tried at start; the largest that pays is used."""
    cuda_graph: bool = False
    """Whether runs are captured as CUDA graphs, one per batch size, and replayed; only with provider ``cuda``, and one
    lane."""
    tensorrt_cache: Path | None = None
    """Folder that provider ``tensorrt`` keeps its engines and timings in, which take minutes to make; best a volume."""

    @field_validator("notice_seconds")
    @classmethod
    def _fits_into_the_drain(cls, notice: int, info: ValidationInfo) -> int:
        drain = info.data.get("drain_seconds", notice)
        if notice > drain:
            raise ValueError(
                f"the notice ({notice} s) is part of the drain, and JPPNET_DRAIN_SECONDS is only {drain} s; make that "
                "longer, or the notice shorter"
            )
        return notice
