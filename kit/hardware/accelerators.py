"""The catalogue's names of GPUs, which differ from what NVML calls them."""

from __future__ import annotations

import re

from kit.hardware.inventory import Gpu

_NAMES: tuple[tuple[str, str], ...] = (
    (r"GH200.*480GB", "GH200 96GB"),
    (r"GB10\b", "DGX Spark GB10"),
    (r"GB200", "GB200 (per GPU)"),
    (r"\bB300", "B300"),
    (r"\bB200", "B200"),
    (r"\bH200(?! NVL)", "H200 SXM"),
    (r"H100 NVL", "H100 NVL"),
    (r"H100 PCIe", "H100 PCIe"),
    (r"H100.*HBM3", "H100 SXM"),
    (r"A100.*PCI.*40GB", "A100 40GB PCIe"),
    (r"A100.*PCI.*80GB|A100 80GB PCI", "A100 80GB PCIe"),
    (r"A100.*SXM.*40GB", "A100 40GB SXM"),
    (r"A100.*SXM.*80GB", "A100 80GB SXM"),
    (r"L40S", "L40S"),
    (r"L4\b", "L4"),
    (r"A10G", "A10G"),
    (r"A10\b", "A10"),
    (r"RTX PRO 6000 Blackwell Workstation", "RTX PRO 6000 WS"),
    (r"RTX 6000 Ada", "RTX 6000 Ada"),
    (r"RTX A6000", "A6000"),
    (r"RTX 5090(?! (?:D|Laptop))", "RTX 5090"),
    (r"RTX 4090(?! (?:D|Laptop))", "RTX 4090"),
    (r"RTX 3090(?! (?:Ti|Laptop))", "RTX 3090"),
    (r"\bT4\b", "T4"),
)
"""What NVML says, and the name in the accelerator table; the first that fits counts."""


def accelerator_name(gpu: Gpu) -> str:
    """Return the accelerator table's name of a GPU, or NVML's name without its prefix where the table has none.

    Args:
        gpu: as NVML describes it, e.g. ``NVIDIA H100 80GB HBM3``, which is ``H100 SXM``.
    """
    for pattern, name in _NAMES:
        if re.search(pattern, gpu.name):
            return name
    return re.sub(r"^NVIDIA (GeForce )?", "", gpu.name)
