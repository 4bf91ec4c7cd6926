"""Detectors of transformers, from a folder: those that look for words, and those with a closed list."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agent.perception.detect.words import DEFAULT, named
from agent.perception.embed.folder import ModelFolder
from agent.perception.embed.loading import Ready
from agent.perception.reply import clean
from agent.perception.vlm.boxes.found import unit_box
from agent.perception.vlm.local.torch_ready import libraries
from vidette.geometry import Box, iou
from vidette.models import Run
from vidette.ports import Image
from vidette.vision import Detection

GROUNDED = ("grounding-dino", "mm-grounding-dino")
ZERO_SHOT = (*GROUNDED, "owlv2", "owlvit")
CLOSED = ("conditional_detr", "deformable_detr", "detr", "rt_detr", "rt_detr_v2", "yolos")
MODEL_TYPES = (*ZERO_SHOT, *CLOSED)
REVISION = "1"
_MOST = 100  # detections of a picture
_SAME = 0.8  # overlap of two boxes of one kind that are one thing
_KIND = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What a model gives for one box of one picture."""

    kind: str
    box: Box
    confidence: float


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: Any
    processor: Any
    device: str


class PretrainedDetector:
    """A detector in a folder (vidette.ports.Detector), loaded when it is first asked.

    `folder` is of one of `MODEL_TYPES`; what is less sure than `confidence` is left out. Pictures are looked at `batch`
    at once at most, each time of one size, as padding would change what is found.
    """

    def __init__(self, folder: ModelFolder, *, confidence: float = 0.35, device: str = "", batch: int = 4) -> None:
        self._folder, self._confidence, self._batch = folder, confidence, batch
        self.run: Run = folder.run(detector=REVISION, confidence=confidence)
        self._ready = Ready(folder.path.name, device, self._load)

    def detect(self, images: Sequence[Image], labels: Sequence[str]) -> list[list[Detection]]:
        """As `Detector.detect`; a model that looks for words and is given none looks for `words.DEFAULT`."""
        words = _words(labels)
        found: list[list[Detection]] = [[] for _ in images]
        for numbers in _alike(images, self._batch):
            scored = self._scored([images[number] for number in numbers], words)
            for number, some in zip(numbers, scored, strict=True):
                found[number] = _chosen(some)
        return found

    def close(self) -> None:
        """Detect no more."""
        self._ready.close()

    def _scored(self, images: Sequence[Image], words: Sequence[str]) -> list[list[Scored]]:
        with self._ready.use() as loaded:
            if self._folder.model_type in GROUNDED:
                return _grounded(loaded, images, words or DEFAULT, self._confidence)
            if self._folder.model_type in ZERO_SHOT:
                return _worded(loaded, images, words or DEFAULT, self._confidence)
            return _closed(loaded, images, words, self._confidence)

    def _load(self, device: str) -> _Loaded:
        library, path = libraries().transformers, self._folder.path
        open_ = self._folder.model_type in ZERO_SHOT
        kind = library.AutoModelForZeroShotObjectDetection if open_ else library.AutoModelForObjectDetection
        reads = library.AutoProcessor if open_ else library.AutoImageProcessor
        model = kind.from_pretrained(path, local_files_only=True, use_safetensors=True).to(device).eval()
        return _Loaded(model, reads.from_pretrained(path, local_files_only=True), device)


def _words(labels: Sequence[str]) -> list[str]:
    """Each once, in small letters, without the signs that part them in a question."""
    said = (clean(word.replace(".", " "), _KIND).lower() for word in labels)
    return list(dict.fromkeys(word for word in said if word))


def _alike(images: Sequence[Image], most: int) -> Iterator[list[int]]:
    """Numbers of pictures of one size, so many at once at most."""
    for size in dict.fromkeys(image.shape for image in images):
        own = [number for number, image in enumerate(images) if image.shape == size]
        yield from (own[start : start + most] for start in range(0, len(own), most))


def _sizes(images: Sequence[Image]) -> list[tuple[int, int]]:
    return [(image.shape[0], image.shape[1]) for image in images]


def _grounded(loaded: _Loaded, images: Sequence[Image], words: Sequence[str], least: float) -> list[list[Scored]]:
    """Grounding DINO scores the tokens of all words at once: a word is as sure as the surest of its tokens."""
    text = "".join(f"{word}. " for word in words).strip()
    given = _given(loaded, images, [text] * len(images))
    out = loaded.model(**given)
    spans = _spans(given["input_ids"][0].tolist(), loaded.processor.tokenizer)
    scores, boxes = out.logits.sigmoid().float().cpu().tolist(), out.pred_boxes.float().cpu().tolist()
    return [
        [
            Scored(kind=words[best], box=_corners(box), confidence=sure)
            for row, box in zip(rows, own, strict=True)
            for sure, best in [max(_of_words(row, spans), default=(0.0, 0))]
            if sure > least and best < len(words)
        ]
        for rows, own in zip(scores, boxes, strict=True)
    ]


def _given(loaded: _Loaded, images: Sequence[Image], texts: Sequence[Any]) -> Any:
    """Words for which there is no room are not looked for."""
    given = loaded.processor(images=list(images), text=texts, truncation=True, return_tensors="pt")
    return given.to(loaded.device)


def _spans(ids: Sequence[int], tokenizer: Any) -> list[list[int]]:
    """The places of each word's tokens; words end with a dot."""
    dot, special = tokenizer.convert_tokens_to_ids("."), set(tokenizer.all_special_ids)
    spans: list[list[int]] = [[]]
    for place, id_ in enumerate(ids):
        if id_ == dot:
            spans.append([])
        elif id_ not in special:
            spans[-1].append(place)
    return spans


def _of_words(row: Sequence[float], spans: Sequence[Sequence[int]]) -> list[tuple[float, int]]:
    return [(max(row[place] for place in span), number) for number, span in enumerate(spans) if span]


def _corners(box: Sequence[float]) -> Box:
    x, y, width, height = box
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _worded(loaded: _Loaded, images: Sequence[Image], words: Sequence[str], least: float) -> list[list[Scored]]:
    """OWL-ViT and OWLv2 score each word; the processor knows how the second one pads."""
    texts = [[f"a photo of a {word}" for word in words]] * len(images)
    given = _given(loaded, images, texts)
    out = loaded.model(**given)
    found = loaded.processor.post_process_grounded_object_detection(out, threshold=least, target_sizes=_sizes(images))
    return _read(found, images, lambda number: words[number])


def _closed(loaded: _Loaded, images: Sequence[Image], words: Sequence[str], least: float) -> list[list[Scored]]:
    given = loaded.processor(images=list(images), return_tensors="pt").to(loaded.device)
    out = loaded.model(**given)
    found = loaded.processor.post_process_object_detection(out, threshold=least, target_sizes=_sizes(images))
    known = {int(number): clean(str(name), _KIND).lower() for number, name in loaded.model.config.id2label.items()}
    read = _read(found, images, lambda number: known.get(number, ""))
    return [[one for one in some if not words or one.kind in words] for some in read]


def _read(found: Any, images: Sequence[Image], kind: Callable[[int], str]) -> list[list[Scored]]:
    """What a processor gives in pixels, in 0..1."""
    out = []
    for some, image in zip(found, images, strict=True):
        height, width = image.shape[:2]
        rows = zip(some["scores"].tolist(), some["labels"].tolist(), some["boxes"].tolist(), strict=True)
        out.append(
            [
                Scored(kind=kind(number), box=(x1 / width, y1 / height, x2 / width, y2 / height), confidence=sure)
                for sure, number, (x1, y1, x2, y2) in rows
            ]
        )
    return out


def _chosen(scored: Sequence[Scored]) -> list[Detection]:
    """Surest first, inside the picture, one of those of one kind that lie on one another."""
    kept: list[Detection] = []
    for one in sorted(scored, key=lambda one: (-one.confidence, one.box, one.kind)):
        box = unit_box(min(1.0, max(0.0, side)) for side in one.box)
        if box is None or any(other.kind == one.kind and iou(other.box, box) > _SAME for other in kept):
            continue
        label, _ = named(one.kind)
        kept.append(Detection(label=label, kind=one.kind, box=box, confidence=min(1.0, max(0.0, one.confidence))))
        if len(kept) == _MOST:
            break
    return kept
