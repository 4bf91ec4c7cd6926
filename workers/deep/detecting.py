"""Chooses the detector of deep looks."""

from vidette.errors import ConfigError
from vidette.ports import MediaStore, VisionModel
from vidette.vision_settings import DetectorSettings


def beside_detector(said: DetectorSettings, media: MediaStore, vision: VisionModel | None) -> VisionModel | None:
    """The vision model with the detector that is set beside it, or that alone; None for neither. Raises ConfigError."""
    match said.backend:
        case "none":
            return vision
        case "transformers":
            return _looking(said, media, vision)
        case other:
            raise ConfigError(f"detector.backend: unknown {other!r}; choices: none, transformers")


def _looking(said: DetectorSettings, media: MediaStore, vision: VisionModel | None) -> VisionModel:
    from agent.perception.detect.look import DetectorLook
    from agent.perception.detect.pretrained import MODEL_TYPES, PretrainedDetector
    from agent.perception.embed.folder import folder_of

    folder = folder_of(said.path, "detector.path", MODEL_TYPES)
    detector = PretrainedDetector(folder, confidence=said.confidence, device=said.device, batch=said.batch)
    words = {word: label for label, words in said.labels.items() for word in words}
    return DetectorLook(detector=detector, media=media, words=words, second=vision)
