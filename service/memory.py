"""How much memory this process may use."""

import os
import sys
from pathlib import Path
from typing import Final

CGROUP_MEMORY: Final = Path("/sys/fs/cgroup/memory.max")


def usable_memory(cgroup: Path = CGROUP_MEMORY) -> int:
    """Bytes of memory that this process may use: the machine's, or a container's limit where that is less; 0 where the
    system does not say."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if sys.platform != "win32" else 0
    try:
        return min(physical, int(cgroup.read_text()))
    except (OSError, ValueError):  # no container, or one without a limit
        return physical
