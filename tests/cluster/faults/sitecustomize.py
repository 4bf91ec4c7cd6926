"""Breaks a decoder: read first by every Python that is started with this folder in its PYTHONPATH.

TEST_POISON names a file that holds `part of a path|seconds`: whoever decodes that film so far dies of SIGSEGV,
as of a fault in a decoder. Where there is no such file nothing is broken.
"""

import ctypes
import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from pathlib import Path


class _Poison(MetaPathFinder):
    """Changes `ingest.reader` once it was read."""

    def find_spec(self, name, path=None, target=None):
        spec = PathFinder.find_spec(name, path, target) if name == "ingest.reader" else None
        if spec is None or spec.loader is None:
            return None
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            _poison(module)

        spec.loader.exec_module = exec_module
        return spec


def _poison(module):
    decoding = module._Run  # one pass over a file
    frames = decoding.frames

    def poisoned(self, start_s, end_s):
        for frame in frames(self, start_s, end_s):
            told = Path(os.environ["TEST_POISON"])
            if told.exists():
                film, _, at_s = told.read_text().partition("|")
                if film in str(self._path) and frame.pts_s >= float(at_s):
                    ctypes.string_at(0)
            yield frame

    decoding.frames = poisoned


if "TEST_POISON" in os.environ:
    sys.meta_path.insert(0, _Poison())
