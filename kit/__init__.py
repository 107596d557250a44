"""The hybrid AI decision kit: measure what the machines do, and decide for each workload where it belongs."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("hybrid-ai-decision-kit")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"

__all__ = ["__version__"]
