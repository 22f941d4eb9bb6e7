"""Freed memory is kept while a plan is applied, and given back afterwards."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource
from pathlib import Path
import torch
from striate.runtime import memory

def resident():  # megabytes
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() >> 20

def faults(megabytes, times=20):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        torch.ones(megabytes << 18)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

given_back = faults(48)
before = resident()
with memory.kept():
    faults(48)
    with memory.kept():
        pass
    kept, held = faults(48), resident() - before
print(given_back, kept, held, resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc only: elsewhere the functions do nothing")
def test_blocks_of_48_megabytes_are_fetched_once_instead_of_every_time_and_given_back_at_the_end() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    given_back, kept, held, left = map(int, done.stdout.split())
    assert kept < given_back / 10
    assert held >= 40
    assert left <= 8
