"""The codecs by the names that the table of families has."""

from agent.perception.vlm.boxes.florence2 import Florence2Boxes
from agent.perception.vlm.boxes.found import BoxCodec
from agent.perception.vlm.boxes.fuyu import FuyuBoxes
from agent.perception.vlm.boxes.internvl import InternVlBoxes
from agent.perception.vlm.boxes.kosmos2 import Kosmos2Boxes
from agent.perception.vlm.boxes.paligemma import PaliGemmaBoxes
from agent.perception.vlm.boxes.qwen import Qwen2Boxes, QwenJsonBoxes

CODECS: dict[str, BoxCodec] = {
    "florence2": Florence2Boxes(),
    "fuyu": FuyuBoxes(),
    "internvl": InternVlBoxes(),
    "kosmos2": Kosmos2Boxes(),
    "paligemma": PaliGemmaBoxes(),
    "qwen2_vl": Qwen2Boxes(),
    "qwen2_5_vl": QwenJsonBoxes(relative=False),
    "qwen3_vl": QwenJsonBoxes(relative=True),
}
"""What a family's `boxes` may say."""
