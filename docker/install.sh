# Installs packages at locked versions into /opt/jppnet, without what never runs there: their tests, tools for training.
set -eu
/opt/build/bin/pip install --no-compile --require-hashes -r "$1"
site=$(/opt/jppnet/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
find "$site" -type d -name tests -prune -exec rm -r {} +
rm -r "$site/onnxruntime/transformers"
# Imported once, so that what the service imports is compiled, and nothing else: on a read-only root it never would be.
/opt/jppnet/bin/python3 -c 'import cv2, fastapi.staticfiles, httptools, numpy, onnxruntime, prometheus_client'
/opt/jppnet/bin/python3 -c 'import opentelemetry.sdk.trace, pydantic_settings, python_multipart, tqdm, typer, uvicorn, uvloop'
