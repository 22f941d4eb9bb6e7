"""How the threads of the arithmetic wait for each other."""

import os

# Rounds of a loop, some tens of microseconds. On two cores of a Xeon a step of resnet20 in bf16 took 0.122 s so, of
# lenet5_modern 7.0 ms; 0.145 s and 8.6 ms where threads sleep at once; no less where they spin as long as usual. With
# four other busy processes ten steps of resnet20 took 10 s either way, and 23 s with the usual spinning.
_SPINS = "10000"


def spin_briefly() -> None:
    """Let threads spin for a moment before they sleep, unless the user's environment says how they are to wait.

    It counts where torch is imported afterwards. GNU OpenMP counts the rounds; others, which do not know the variable,
    sleep at once.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
