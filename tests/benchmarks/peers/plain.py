"""The endpoint as one writes it in an afternoon: OpenCV and ONNX Runtime as they come, in FastAPI's thread pool. Run by
uvicorn."""

import os
from typing import Annotated

import cv2
import numpy as np
import onnxruntime as ort
from fastapi import Body, FastAPI, Response

app = FastAPI()
provider = "CUDAExecutionProvider" if os.environ["BENCH_PROVIDER"] == "cuda" else "CPUExecutionProvider"
session = ort.InferenceSession(os.environ["BENCH_MODEL"], providers=[provider])
_, input_height, input_width, _ = session.get_inputs()[0].shape


@app.post("/parse")
def parse(photo: Annotated[bytes, Body(media_type="image/jpeg")]) -> Response:
    """The photo's mask: the ids of its labels, as a grey PNG."""
    image = cv2.cvtColor(cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    height, width = image.shape[:2]
    scale = min(input_height / height, input_width / width)
    fitted = cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    top, left = (input_height - fitted.shape[0]) // 2, (input_width - fitted.shape[1]) // 2
    batch = np.zeros((1, input_height, input_width, 3), np.uint8)
    batch[0, top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    labels = session.run(["labels"], {"image": batch})[0][0]
    whole = cv2.resize(labels, (input_width, input_height), interpolation=cv2.INTER_NEAREST)
    person = whole[top : top + fitted.shape[0], left : left + fitted.shape[1]]
    mask = cv2.resize(person, (width, height), interpolation=cv2.INTER_NEAREST)
    return Response(cv2.imencode(".png", mask)[1].tobytes(), media_type="image/png")
