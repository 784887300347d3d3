# The service with its model inside. Targets: `gpu` (default) and `cpu`.
# Nothing is fetched when a container starts, and nothing runs as root.
ARG BASE=python:3.12-slim

FROM ${BASE} AS build-base
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /opt/jppnet
WORKDIR /src

FROM build-base AS build-cpu
COPY requirements/cpu.txt requirements/
RUN /opt/jppnet/bin/pip install --require-hashes -r requirements/cpu.txt
COPY . .
RUN /opt/jppnet/bin/pip install --no-deps .

FROM build-base AS build-gpu
COPY requirements/gpu.txt requirements/
RUN /opt/jppnet/bin/pip install --require-hashes -r requirements/gpu.txt
COPY . .
RUN /opt/jppnet/bin/pip install --no-deps .

FROM ${BASE} AS service
RUN useradd --system --uid 10001 --no-create-home jppnet
ENV PATH=/opt/jppnet/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 JPPNET_HOST=0.0.0.0 JPPNET_PORT=8000
USER jppnet
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s CMD ["python3", "-c", \
  "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
ENTRYPOINT ["jppnet"]
CMD ["serve"]

FROM service AS cpu
COPY --from=build-cpu /opt/jppnet /opt/jppnet
ENV JPPNET_PROVIDER=cpu

FROM service AS gpu
COPY --from=build-gpu /opt/jppnet /opt/jppnet
# A GPU that is not there is an error, never a silent fall-back to the CPU.
ENV JPPNET_PROVIDER=cuda NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
