"""The deployment of service/scale/serve.py whose devices can be broken: with a file named as the replica's process."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from service.engine.model.session import Prediction, Session
from service.scale.serve import Replica, deployment

BREAKER = "TEST_BREAKER_OF_JPPNET"


class BreakableReplica(Replica):
    """A replica whose device is broken from when a file with its process's id is in the folder BREAKER."""

    def __init__(self) -> None:
        super().__init__()
        run = Session.run
        broken = Path(os.environ[BREAKER]) / str(os.getpid())

        def breakable(session: Session, images: Sequence[npt.NDArray[np.uint8]]) -> list[Prediction]:
            if broken.exists():
                raise RuntimeError("CUDA failure 700: an illegal memory access was encountered")
            return run(session, images)

        Session.run = breakable  # type: ignore[method-assign]


app = deployment(BreakableReplica).bind()
