# The service with its model inside. Targets: `gpu` (default) and `cpu`.
# Nothing is fetched when a container starts, nothing runs as root, and nothing is written: the root may be read-only.
# `make pin-base` names BASE by its digest. CUDA=12 is for hosts whose driver is older than 580.
ARG BASE=python:3.12-slim-bookworm
ARG CUDA=13

# pip stays in an environment of its own: the result has none.
FROM ${BASE} AS build-base
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python3 -m venv /opt/build && python3 -m venv --without-pip /opt/jppnet
ENV PIP_PYTHON=/opt/jppnet/bin/python3

FROM build-base AS packages-cpu
COPY docker/install.sh docker/strip.py requirements/cpu.txt ./
# The library for C programs, beside the one that Python loads.
RUN sh install.sh cpu.txt && rm /opt/jppnet/lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so.*

FROM build-base AS packages-cuda13
COPY docker/install.sh docker/strip.py requirements/gpu.txt ./
RUN sh install.sh gpu.txt

FROM build-base AS packages-cuda12
COPY docker/install.sh docker/strip.py requirements/gpu-cuda12.txt ./
RUN sh install.sh gpu-cuda12.txt

# hadolint ignore=DL3006
FROM packages-cuda${CUDA} AS packages-gpu

# The service alone, under /service: a new release shares the layer of packages with the last one.
FROM build-base AS service
COPY requirements/build.txt requirements/
RUN /opt/build/bin/pip --python /opt/build/bin/python3 install --require-hashes -r requirements/build.txt
COPY . .
RUN /opt/build/bin/pip --python /opt/build/bin/python3 wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
  && /opt/build/bin/pip install --no-deps --root /service /wheels/*.whl

FROM ${BASE} AS run-base
ARG BASE
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="jppnet" \
  org.opencontainers.image.description="Human parsing and pose: POST a photo, get a part mask and joints" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.base.name="${BASE}" \
  org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /tmp jppnet \
  && install --directory --owner=jppnet --group=jppnet /var/cache/jppnet
ENV PATH=/opt/jppnet/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ORT_DISABLE_TELEMETRY=1 \
  JPPNET_HOST=0.0.0.0 JPPNET_PORT=8000
COPY docker/health.py /opt/health.py
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s CMD ["python3", "/opt/health.py"]
ENTRYPOINT ["jppnet"]
CMD ["serve"]

FROM run-base AS cpu
COPY --from=packages-cpu /opt/jppnet /opt/jppnet
COPY --from=service /service/opt/jppnet /opt/jppnet
ENV JPPNET_PROVIDER=cpu

# The container toolkit refuses in words where the driver is too old, or the GPU is older than Turing (CUDA 13).
FROM run-base AS run-cuda13
ENV NVIDIA_REQUIRE_CUDA="cuda>=13.0,arch>=7.5"

FROM run-base AS run-cuda12
ENV NVIDIA_REQUIRE_CUDA="cuda>=12.0"

# hadolint ignore=DL3006
FROM run-cuda${CUDA} AS gpu
COPY --from=packages-gpu /opt/jppnet /opt/jppnet
COPY --from=service /service/opt/jppnet /opt/jppnet
# A GPU that is not there is an error, never a silent fall-back to the CPU.
ENV JPPNET_PROVIDER=cuda JPPNET_MODEL=jppnet-base NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
