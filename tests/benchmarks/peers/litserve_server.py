"""LitServe: one worker process per core, its fast queue; on a GPU batches as large as what waits."""

import sys
from typing import Annotated

import litserve
from fastapi import Body, Response

from tests.benchmarks.steps import GPU_BATCH, on_gpu, steps_from_environment, workers


class Parse(litserve.LitAPI):
    """The photo's mask."""

    def setup(self, device: str) -> None:
        """Opens the model in a worker."""
        self.steps = steps_from_environment()

    def decode_request(self, request: Annotated[bytes, Body(media_type="image/jpeg")]) -> bytes:
        """The photo is the body itself."""
        return request

    def batch(self, inputs: list[bytes]) -> list[bytes]:
        """Photos are of all sizes, so what makes a batch of them is the first step."""
        return list(inputs)

    def predict(self, x: bytes | list[bytes]) -> bytes | list[bytes]:
        """One photo, or a batch."""
        return self.steps.parse(x) if isinstance(x, list) else self.steps.parse([x])[0]

    def unbatch(self, output: list[bytes]) -> list[bytes]:
        """The masks of a batch."""
        return output

    def encode_response(self, output: bytes) -> Response:
        """The mask as it is."""
        return Response(output, media_type="image/png")


if __name__ == "__main__":
    api = Parse(api_path="/parse", max_batch_size=GPU_BATCH if on_gpu() else 1, batch_timeout=0.002 if on_gpu() else 0)
    server = litserve.LitServer(
        api, accelerator="cuda" if on_gpu() else "cpu", devices=1, workers_per_device=workers(), fast_queue=True
    )
    server.run(
        host="127.0.0.1", port=int(sys.argv[1]), num_api_servers=1, log_level="warning", generate_client_file=False
    )
