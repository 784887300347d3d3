"""``jppnet doctor``: what runs where, and what is missing."""

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from service.cli.diagnosis import Diagnosis, diagnose
from service.cli.start import Model, Provider, settings_from


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    model: Model = None,
    provider: Provider = None,
) -> None:
    """Say what the service would run on here, prove the model, and name what is missing for a GPU.

    Exits with 0 if the service would start, otherwise with 1.
    """
    diagnosis = diagnose(settings_from({"model": model, "provider": provider}))
    typer.echo(json.dumps(diagnosis.as_json(), indent=2, ensure_ascii=False) if as_json else report(diagnosis))
    if diagnosis.started is None:
        raise typer.Exit(1)


def report(diagnosis: Diagnosis) -> str:
    """A diagnosis for people to read."""
    return "\n".join(f"{name:<10} {text}" for name, text in _lines(diagnosis))


def _file(path: str, megabytes: float | None) -> str:
    return path + (f" ({megabytes:g} MB)" if megabytes else "")


def _lines(diagnosis: Diagnosis) -> Iterator[tuple[str, str]]:
    machine, started, gpu = diagnosis.machine, diagnosis.started, diagnosis.gpu
    yield "python", diagnosis.python
    for name, version in (diagnosis.packages | diagnosis.runtimes).items():
        yield "", f"{name} {version}"
    if len(diagnosis.runtimes) > 1:
        yield "", "More than one ONNX Runtime is installed: they overwrite each other. Uninstall all, install one."
    yield "machine", machine.system
    yield "", f"{machine.usable_cores} of {machine.cores} cores may be used, {machine.memory_gb:g} GB of memory"
    yield "model", _file(diagnosis.model_file, diagnosis.model_mb)
    if started:
        yield "", f"{started.model} {started.version}, {started.precision}, input {started.input}"
        yield "", f"{started.labels} labels, {started.joints} joints"
        yield "", f"licence: {started.license}"
    if diagnosis.detector_file:
        yield "detector", _file(diagnosis.detector_file, diagnosis.detector_mb)
        if started and started.detector:
            yield "", f"{started.detector}: everybody in a photo is looked for"
    else:
        yield "detector", "none: one person is looked for in each photo"
    yield "provider", f"{diagnosis.asked_provider} was asked for; installed: {', '.join(diagnosis.providers) or 'none'}"
    for said in diagnosis.log:
        yield "", said
    if started:
        yield "golden", "came back right: the model computes here what it did when it was made"
        yield (
            "driven",
            f"{started.lanes} lane(s) of {started.threads} thread(s), batches up to {started.largest_batch}: "
            f"{started.photos_per_second:g} photos/s through the model",
        )
    yield "gpu", f"driver {gpu.driver or 'not seen'}; devices: {', '.join(gpu.devices) or 'none'}"
    if not gpu.missing:
        yield "", "nothing is missing for one"
    for missing in gpu.missing:
        yield "", f"missing for one: {missing}"
    if diagnosis.overlooked_gpu:
        yield "", "There is a GPU, and it is not used."
    yield "", ""
    yield ("ok", "the service starts here") if started else ("ERROR", diagnosis.error or "")
