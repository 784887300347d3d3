"""A clean export prints nothing of other packages."""

import logging
import warnings

from export.exporter_warnings import LOGGER, without_exporter_warnings


def test_the_exporter_is_silent_about_operators_that_no_network_uses():
    logger = logging.getLogger(LOGGER)
    assert logger.isEnabledFor(logging.WARNING)
    with without_exporter_warnings():
        assert not logger.isEnabledFor(logging.WARNING)
        assert logger.isEnabledFor(logging.ERROR)
    assert logger.isEnabledFor(logging.WARNING)


def test_pytorchs_own_deprecations_are_not_shown():
    def warn(module):
        warnings.warn_explicit("deprecated", FutureWarning, f"{module}.py", 1, module=module)

    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        with without_exporter_warnings():
            warn("copyreg")
            warn("of_this_project")
    assert [warning.filename for warning in shown] == ["of_this_project.py"]
