# Installs packages at locked versions into /opt/jppnet, without what never runs there: their tests, tools for training and export.
set -eu
/opt/build/bin/pip install --no-compile --require-hashes -r "$1"
site=$(/opt/jppnet/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
find "$site" -type d -name tests -prune -exec rm -r {} +
# Sources and types of compiled modules, and what Fortran programs and numpy's own tests need.
find "$site" \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' -o -name '*.a' \) -delete
find "$site/numpy" -name '_simd.*.so' -delete
rm -rf "$site/numpy/f2py" "$site/numpy/distutils"
# Lists of names of languages that nothing here colours.
find "$site/pygments/lexers" -name '_*_builtins.py' -delete
for part in backend datasets quantization tools transformers; do rm -r "$site/onnxruntime/$part"; done
# Nine tenths of these are symbols for debuggers.
python3 strip.py "$site"/uvloop/*.so "$site"/httptools/parser/*.so
# Imported once, so that what the service imports is compiled, and nothing else: on a read-only root it never would be.
/opt/jppnet/bin/python3 -c 'import cv2, fastapi.staticfiles, httptools, numpy, onnxruntime, prometheus_client'
/opt/jppnet/bin/python3 -c 'import opentelemetry.sdk.trace, pydantic_settings, python_multipart, tqdm, typer, uvicorn, uvloop'
