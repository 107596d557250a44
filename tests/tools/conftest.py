"""The stand-in for NVML, from the tests of the hardware."""

from tests.hardware.conftest import libraries as libraries
