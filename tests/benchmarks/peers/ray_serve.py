"""Ray Serve: one replica per core behind its proxy; on a GPU one replica with `serve.batch`."""

import sys
import time

import ray
from ray import serve
from ray.serve.schema import LoggingConfig
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tests.benchmarks.steps import GPU_BATCH, on_gpu, steps_from_environment, workers


@serve.deployment(
    num_replicas=workers(),
    max_ongoing_requests=2
    * GPU_BATCH,  # few leave replicas idle: those beyond wait in the proxy, which asks again late
    # The proxy needs some of the cores, and Ray counts it in none.
    ray_actor_options={"num_cpus": 0, "num_gpus": 1 if on_gpu() else 0},
)
class Parse:
    """The photo's mask."""

    def __init__(self) -> None:
        self.steps = steps_from_environment()

    @serve.batch(max_batch_size=GPU_BATCH, batch_wait_timeout_s=0.002)
    async def _batch(self, photos: list[bytes]) -> list[bytes]:
        return await run_in_threadpool(self.steps.parse, photos)

    async def __call__(self, request: Request) -> Response:
        """The photo is the body itself."""
        photo = await request.body()
        if on_gpu():
            mask = await self._batch(photo)
        else:
            mask = (await run_in_threadpool(self.steps.parse, [photo]))[0]
        return Response(mask, media_type="image/png")


if __name__ == "__main__":
    ray.init(address="local", include_dashboard=False, log_to_driver=False)
    quiet = LoggingConfig(log_level="WARNING", enable_access_log=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])}, logging_config=quiet)
    serve.run(Parse.bind(), route_prefix="/parse")
    while True:
        time.sleep(60)
