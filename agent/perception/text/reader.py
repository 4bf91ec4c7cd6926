"""Reading text in pictures by RapidOCR (PP-OCR models by ONNX Runtime), whose wheel carries its models."""

import importlib.metadata
import importlib.util
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from agent.perception.reply import clean
from vidette.errors import ConfigError, ModelError
from vidette.geometry import Box
from vidette.ids import content_tag, make_id
from vidette.models import Run
from vidette.ports import Image

MAX_LINE = 200
MAX_LINES = 64
_SIDE = 1280
_SMALL = 960  # pictures below this are enlarged twice: small letters are read better
_LEAST_SIDE, _LONGEST = 32, 8
_THREADS = 2  # frames are looked at beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class Legible:
    """A line of text in a picture: where (0..1), and how sure it was read (0..1)."""

    text: str
    box: Box
    confidence: float


class RapidReader:
    """Reads lines of text; loaded when first used, one thread at a time reads."""

    def __init__(self, confidence: float = 0.7) -> None:
        models = _models()
        self._paths = {part: str(_only(models, part)) for part in ("det", "rec")}
        self._confidence = confidence
        self._lock = threading.Lock()
        self._engine: Any = None
        self._closed = False
        revision = (
            f"{importlib.metadata.version('rapidocr')} {' '.join(content_tag(Path(p)) for p in self._paths.values())}"
        )
        self._run = Run(
            id=make_id("run", "text", "rapidocr", revision, confidence),
            model="rapidocr",
            revision=revision,
            params={"confidence": confidence},
        )

    @property
    def run(self) -> Run:
        """The models by their content, and how sure a line must be."""
        return self._run

    def read(self, pictures: Sequence[Image]) -> list[tuple[Legible, ...]]:
        """Lines of each `(H, W, 3) uint8 RGB` picture that are sure enough, from top to bottom. Raises ModelError."""
        return [self._read(one) for one in pictures]

    def close(self) -> None:
        """Read no more; the picture that is being read is the last. From any thread."""
        self._closed = True

    def _read(self, picture: Image) -> tuple[Legible, ...]:
        short, long = sorted(picture.shape[:2])
        if short < _LEAST_SIDE or long > _LONGEST * short:
            return ()
        if long < _SMALL:
            picture = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)
        with self._lock:
            if self._closed:
                raise ModelError("the reader of text was closed")
            try:
                if self._engine is None:
                    self._engine = _engine(self._paths, self._confidence)
                found = self._engine(picture[:, :, ::-1])  # it takes BGR
            except Exception as error:  # a library's own code: whatever it raises, one look failed
                raise ModelError(f"rapidocr failed: {' '.join(str(error).split())[:200]}") from error
        if found.boxes is None or found.txts is None or found.scores is None:
            return ()
        size = (picture.shape[1], picture.shape[0])
        lines = (
            Legible(text=clean(text, MAX_LINE), box=_box(corners, size), confidence=float(score))
            for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
        )
        kept = [line for line in lines if line.text and line.confidence >= self._confidence]
        return tuple(sorted(kept, key=lambda line: (line.box[1], line.box[0]))[:MAX_LINES])


def _box(corners: Any, size: tuple[int, int]) -> Box:
    """The upright box around four corners in px."""
    xs = [min(1.0, max(0.0, float(corner[0]) / size[0])) for corner in corners]
    ys = [min(1.0, max(0.0, float(corner[1]) / size[1])) for corner in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _models() -> Path:
    """The folder of models in the wheel; nothing is ever downloaded. Raises ConfigError."""
    found = importlib.util.find_spec("rapidocr")
    if found is None or found.origin is None or importlib.util.find_spec("onnxruntime") is None:
        raise ConfigError("ocr.backend: rapidocr is not installed; pip install 'vidette[ocr]'")
    return Path(found.origin).parent / "models"


def _only(folder: Path, part: str) -> Path:
    found = sorted(folder.glob(f"*_{part}_*.onnx"))
    if not found:
        raise ConfigError(f"ocr.backend: no {part} model in {str(folder)!r}; pip install 'rapidocr>=3.10'")
    return found[0]


def _engine(paths: dict[str, str], confidence: float) -> Any:
    engine = importlib.import_module("rapidocr").RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,  # cameras stand upright
            "Global.text_score": confidence,
            "Det.model_path": paths["det"],
            "Det.limit_type": "max",  # `min` would enlarge a narrow picture without end
            "Det.limit_side_len": _SIDE,
            "Rec.model_path": paths["rec"],
            "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
    logging.getLogger("RapidOCR").disabled = True  # it writes to stderr by itself
    return engine
