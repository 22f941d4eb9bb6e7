"""Freed memory is kept while a plan is applied, and given back afterwards."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource
import torch
from striate.runtime import memory

def faults(megabytes, times=20):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        torch.ones(megabytes << 18)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

given_back = faults(48)
with memory.kept():
    faults(48)
    with memory.kept():
        pass
    kept = faults(48)
print(given_back, kept, faults(48))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc only: elsewhere the functions do nothing")
def test_blocks_of_48_megabytes_are_fetched_once_instead_of_every_time() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    given_back, kept, settled = map(int, done.stdout.split())
    assert kept < given_back / 10
    assert settled > given_back / 2
