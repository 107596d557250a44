"""The catalogue's names of GPUs, which differ from what NVML calls them."""

from __future__ import annotations

import re

from kit.facts.gpus import catalogue_name
from kit.hardware.inventory import Gpu


def accelerator_name(gpu: Gpu) -> str:
    """Return the accelerator table's name of a GPU, or NVML's name without its prefix where the table has none.

    Args:
        gpu: as NVML describes it, e.g. ``NVIDIA H100 80GB HBM3``, which is ``H100 SXM``.
    """
    return catalogue_name(gpu.name) or re.sub(r"^NVIDIA (GeForce )?", "", gpu.name)
