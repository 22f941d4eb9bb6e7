import subprocess
import sys
from importlib import import_module

import pytest

from striate.zoo.about import about
from striate.zoo.catalog import MODELS


@pytest.mark.parametrize("name", ["perceptron", "lenet5", "resnet50"])
def test_what_is_read_is_the_family_s_docstring(name):
    assert about(MODELS[name]) == import_module(MODELS[name].module).__doc__.strip()


def test_reading_imports_no_torch():
    code = """
import sys
from striate.zoo import MODELS
from striate.zoo.about import about
assert all(about(row) for row in MODELS.values())
assert 'torch' not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
