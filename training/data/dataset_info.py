"""Dataset info: whose photos a folder's are, as its ``dataset.json`` says."""

import json
from pathlib import Path

from training.data.sample import DatasetInfo
from training.errors.input_error import InputError


def read_dataset_info(path: Path) -> DatasetInfo:
    """What a ``dataset.json`` says. Raises FileNotFoundError, and InputError for one of another form."""
    try:
        return DatasetInfo(**json.loads(path.read_text()))
    except (ValueError, TypeError):
        raise InputError(f'{path} must hold {{"name": …, "licence": …, "source": …}} and nothing else') from None
