"""Ray beside the same without it, on this machine, in turns: `make bench-scale PHOTOS=folder`. Needs wrk.

Ratios are what counts: what else the machine does changes rates, but both sides of a round alike.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from service.api.response.pictures import parse_png
from service.engine.decoding.decoders import ThreadDecoder
from service.engine.engine import Engine
from service.engine.model.session import open_session
from service.engine.photo.inference import Inference
from service.engine.photo.photo import Photo, plan
from service.engine.scheduling.deadline import Deadline
from service.imaging.inspect import Limits
from service.settings import Settings
from tests.helpers.processes import Family, end, wait_for
from tests.scale.fleet import Stages, machine

HERE = Path(__file__).parent
RAY = {"RAY_SERVE_ENABLE_HA_PROXY": "1", "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1", "JPPNET_PROVIDER": "cpu"}
QUIET = {"JPPNET_LOG_LEVEL": "warning"}
"""Nobody reads what servers say, and a line a request would fill the pipe until they stop."""


@contextmanager
def family(variables: dict[str, str]) -> Iterator[Family]:
    """Programs that end with the block."""
    token = os.urandom(8).hex()
    try:
        yield Family(token, variables)
    finally:
        end(token)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def jppnet_serve() -> Iterator[int]:
    """The port of ``jppnet serve``."""
    port = free_port()
    with family({"JPPNET_PROVIDER": "cpu"} | QUIET) as programs:
        programs.jppnet("serve", "--port", port)
        wait_for(lambda: answers(port), 240)
        yield port


@contextmanager
def ray_serve(replicas: int, lanes: int | None, folder: Path) -> Iterator[int]:
    """The port of Ray Serve in HAProxy mode; the replicas share the machine."""
    port = free_port()
    deployment = {
        "name": "jppnet",
        "max_replicas_per_node": replicas,
        "ray_actor_options": {"num_cpus": 1},
        "autoscaling_config": {"min_replicas": replicas, "max_replicas": replicas},
    }
    config = {
        "http_options": {"host": "127.0.0.1", "port": port},
        "applications": [{"name": "jppnet", "import_path": "service.scale.serve:app", "deployments": [deployment]}],
    }
    (folder / "serve.yaml").write_text(json.dumps(config))  # JSON is YAML
    ways = {"JPPNET_LANES": str(lanes), "JPPNET_THREADS": "1"} if lanes else {}
    with family(RAY | QUIET | ways) as programs:
        began = time.monotonic()
        programs.start("-m", "ray.serve.scripts", "run", folder / "serve.yaml", output=folder / "serve.log")
        wait_for(lambda: len(programs.members("ServeReplica")) == replicas and answers(port), 240)
        print(f"Ray Serve with {replicas} replica(s) answers {time.monotonic() - began:.0f} s after its start")
        time.sleep(3)
        yield port


def answers(port: int) -> bool:
    """Whether the service is ready."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def wrk(port: int, clients: int, seconds: int, photos: list[Path], **variables: str) -> float:
    """Photos per second that these clients get answered; none may fail."""
    command = ["wrk", "-t1", "--timeout", "30s", f"-c{clients}", f"-d{seconds}s", "-s", str(HERE / "wrk_photos.lua")]
    command += [f"http://127.0.0.1:{port}", "--", *map(str, photos)]
    said = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=True).stdout
    result = json.loads(said.splitlines()[-1])
    if result["errors"] and not variables:
        raise SystemExit(f"{result['errors']} of {result['requests']} failed")
    return float(result["requests"] / result["seconds"])


def traffic(photos: list[Path], rounds: int, seconds: int, folder: Path) -> None:
    """The app behind Ray Serve against ``jppnet serve``."""
    with jppnet_serve() as plain, ray_serve(1, None, folder) as ray:
        for port in (plain, ray):
            wrk(port, 8, 3, photos)
        for clients in (8, 32):
            ratios: list[float] = []
            for number in range(rounds):
                ours, theirs = wrk(plain, clients, seconds, photos), wrk(ray, clients, seconds, photos)
                ratios.append(theirs / ours)
                print(f"{clients} clients, round {number + 1}: jppnet serve {ours:.1f}/s, Ray Serve {theirs:.1f}/s")
            print(f"{clients} clients: {statistics.median(ratios):.3f} × (median of {[round(r, 3) for r in ratios]})")


def archive(source: Path, rounds: int, folder: Path) -> None:
    """``jppnet bulk`` against ``jppnet parse``, by the times at which their masks appear."""
    warm, whole = [], []
    for number in range(rounds):
        rates = []
        for command in ("parse", "bulk"):
            out = folder / command
            shutil.rmtree(out, ignore_errors=True)
            began = time.time()
            with family({"JPPNET_PROVIDER": "cpu"}) as programs:
                programs.run(command, source, "--out", out, seconds=1500)
            ended = time.time()
            times = sorted(mask.stat().st_mtime for mask in out.rglob("*.png"))
            first, last = len(times) // 10, len(times) * 9 // 10
            rates.append(((last - first) / (times[last] - times[first]), len(times) / (ended - began)))
        warm.append(rates[1][0] / rates[0][0])
        whole.append(rates[1][1] / rates[0][1])
        print(f"round {number + 1}: parse {rates[0][0]:.1f}/s, bulk {rates[1][0]:.1f}/s once warm, from 10 % to 90 %")
    print(f"bulk / parse: {statistics.median(warm):.3f} × once warm {[round(r, 3) for r in warm]}")
    print(f"bulk / parse: {statistics.median(whole):.3f} × start included {[round(r, 3) for r in whole]}")


def prediction(photos: list[Path], rounds: int, seconds: int, folder: Path) -> None:
    """What the simulation says of one and two replicas on this machine, and what is measured."""
    cores = len(os.sched_getaffinity(0))
    for replicas in (1, 2):
        errors = []
        with ray_serve(replicas, 1, folder) as port:
            wrk(port, 8, 3, photos)
            cost = stages(photos, port)
            predicted = machine(cost, replicas, clients=8, cores=cores)
            for _ in range(rounds):
                before, measured, after = share_of_cores(cores), wrk(port, 8, seconds, photos), share_of_cores(cores)
                share = (before + after) / 2
                errors.append(predicted * share / measured - 1)
                print(
                    f"{replicas} replica(s): predicted {predicted:.1f}/s × {share:.2f} of the cores = "
                    f"{predicted * share:.1f}/s, measured {measured:.1f}/s, {errors[-1]:+.0%}"
                )
        print(f"{replicas} replica(s): {cost}: median error {statistics.median(errors):+.0%}")


def share_of_cores(cores: int) -> float:
    """How much of the cores a program gets that wants them all; the rest goes to what else runs here."""
    spin = "import time; end = time.monotonic() + 2\nwhile time.monotonic() < end: pass\nprint(time.process_time() / 2)"
    programs = [subprocess.Popen([sys.executable, "-c", spin], stdout=subprocess.PIPE, text=True) for _ in range(cores)]
    return sum(float(program.communicate()[0]) for program in programs) / cores


def stages(photos: list[Path], port: int) -> Stages:
    """Seconds of a core that HTTP, decoding, the model and encoding take, with all cores at it."""
    settings = Settings(provider="cpu", lanes=1, threads=1, max_batch=1)
    engine = Engine.start(settings)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        parts = list(pool.map(lambda photo: _stages(engine, photo.read_bytes(), settings), photos))
    engine.close()
    decode, run, encode = (statistics.mean(part) for part in zip(*parts, strict=True))
    return Stages(http_cost(photos, port), decode, run, encode)


def _stages(engine: Engine, data: bytes, settings: Settings) -> tuple[float, float, float]:
    """Seconds of this thread's core that decoding, the model and encoding take."""
    session, at = open_session(settings.model, "cpu", 1), [time.thread_time()]
    model_input = (session.input_height, session.input_width)
    shown = plan(Photo.inspect(data, Limits(settings.max_pixels), ThreadDecoder()), (), model_input, engine.card.fit)
    images = shown.decode_inputs(engine.card.pad_color, Deadline())
    at.append(time.thread_time())
    predictions = session.run(images)
    at.append(time.thread_time())
    parse_png(Inference.of(shown, predictions, decoding=0.0).analysis(engine.card, Deadline()))
    at.append(time.thread_time())
    return at[1] - at[0], at[2] - at[1], at[3] - at[2]


def http_cost(photos: list[Path], port: int) -> float:
    """Seconds of a core that a photo costs client, proxy and replica together when its answer is already known."""
    photo = sorted(photos, key=lambda path: path.stat().st_size)[len(photos) // 2]
    tag = httpx.post(f"http://127.0.0.1:{port}/parse", content=photo.read_bytes(), timeout=60).headers["etag"]
    seconds, began = 4, _cpu_seconds()
    requests = seconds * wrk(port, 8, seconds, [photo], IF_NONE_MATCH=tag)
    return (_cpu_seconds() - began) / requests


def _cpu_seconds() -> float:
    """Seconds of a core that wrk, HAProxy and the replicas have had, wrk as a child that has ended."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue
        if name.startswith(("haproxy", "ray::ServeRepli")):
            ticks += sum(map(int, rest.split()[11:13]))
    children = os.times()
    return ticks / os.sysconf("SC_CLK_TCK") + children.children_user + children.children_system


def main() -> None:
    """Measures all three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--rounds", type=int, default=3, help="an odd number: the median counts")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--only", choices=("traffic", "archive", "prediction"))
    given = parser.parse_args()
    sample = sorted(given.photos.rglob("*.jpg"))[:64]
    if not sample:
        sys.exit(f"There are no .jpg photos in {given.photos}.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.only in (None, "traffic"):
            traffic(sample, given.rounds, given.seconds, folder)
        if given.only in (None, "archive"):
            archive(given.photos, given.rounds, folder)
        if given.only in (None, "prediction"):
            prediction(sample, given.rounds, given.seconds, folder)


if __name__ == "__main__":
    main()
