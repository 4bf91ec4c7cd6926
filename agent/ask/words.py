"""The words a question may use: things, happenings, question words. Whatever is not here is not guessed at."""

from dataclasses import dataclass
from typing import Literal

from vidette.answers import Kind
from vidette.models import EventType, Label


@dataclass(frozen=True, slots=True)
class Noun:
    """A thing asked about; no labels means any thing. `narrow` gives the kinds that are meant of some of several labels."""

    singular: str
    plural: str
    labels: tuple[Label, ...] = ()
    kinds: tuple[str, ...] = ()
    agent: bool = False
    narrow: tuple[tuple[Label, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Verb:
    """What happened: the event types, or none where being in view is meant (`tracks`).

    `lasting` events are asked about while they last, others by when they began. `zone` replaces
    the types where a zone is named. `about` says what it happens to.
    """

    past: str
    types: tuple[EventType, ...] = ()
    about: Literal["thing", "camera", "scene"] = "thing"
    lasting: bool = False
    zone: tuple[EventType, ...] = ()
    noun: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question word."""

    kind: Kind
    times: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A word that helps to read the others."""

    name: Literal[
        "be", "do", "filler", "and", "or", "first", "last", "events", "camera", "footage", "watched", "all", "now",
        "who", "leave", "left", "move", "moved", "zone", "happen", "gone"
    ]  # fmt: skip


Word = Noun | Verb | Ask | Mark

COLOURS = (
    "black", "blue", "brown", "green", "grey", "orange", "purple", "red", "white", "yellow", "gray", "silver", "pink"
)  # fmt: skip
"""Words of captions that tell a colour."""
ANY = Noun("object", "objects")
SOMEONE = Noun("person", "people", (Label.PERSON,), agent=True)
SEEN = Verb("seen")
PASSED = Verb("passed")
MOVED = Verb("moved")
ENTERED = Verb("entered", (EventType.OBJECT_ENTERED,), zone=(EventType.ZONE_ENTERED,))
EXITED = Verb("went out of view", (EventType.OBJECT_EXITED,), zone=(EventType.ZONE_EXITED,))
MOVED_OFF = Verb("moved off", (EventType.OBJECT_MOVED_OFF,))
LEFT_BEHIND = Verb("left", (EventType.OBJECT_LEFT, EventType.OBJECT_ABANDONED))
REMOVED = Verb("removed", (EventType.OBJECT_REMOVED,))
CAMERA_MOVED = Verb("moved", (EventType.CAMERA_MOVED,), "camera", noun="the camera")


def _verbs() -> dict[str, Verb]:
    said = {**_of_things(), **_of_cameras(), **_of_scenes()}
    return {phrase: verb for verb, phrases in said.items() for phrase in phrases.split("|")}


def _of_things() -> dict[Verb, str]:
    return {
        PASSED: "pass|passed|passes|passing|pass by|passed by|passes by|passing by|go by|went by|goes by|going by|"
        "drive by|drove by|drives by|walk by|walked by|walks by|come by|came by|go past|went past|drive past|"
        "drove past|go|goes|went|going|drive through|drove through|drives through|driving through|drive|drives|drove|"
        "driving|walk through|walked through|walk|walks|walked|walking|ride|rides|rode|riding|walk past|walked past|pass through|passed through|go through|went through",
        SEEN: "seen|see|saw|spotted|visible|present|in view|in the scene|in the picture|in the frame|in frame|"
        "occupied|in use|in the image|in the view|on screen|on camera|in shot|on the picture|tracked|observed|detected|on the scene",
        ENTERED: "enter|enters|entered|entering|come|came|comes|coming|come in|come through|came through|came in|comes in|coming in|come into|came into|came inside|"
        "come inside|go in|goes in|went in|going in|go inside|went inside|get in|got in|turn up|turned up|come over|came over|visited|walk in|walked in|walk into|walked into|drive in|drove in|drive into|drove into|go into|"
        "went into|step into|stepped into|arrive|arrives|arrived|arriving|appear|appears|appeared|appearing|"
        "show up|showed up|come into view|came into view|enter the scene|entered the scene|enter the picture|"
        "entered the picture|enter the frame|entered the frame|enter the view|entered the view|come along|came along",
        EXITED: "exit|exits|exited|exiting|go away|went away|goes away|walk away|walked away|drive away|drove away|"
        "drove off|drive off|depart|departs|departed|disappear|disappears|disappeared|go out|went out|walk out|"
        "walked out|out of view|go out of view|went out of view|exit the scene|exited the scene",
        MOVED_OFF: "move off|moved off|moves off|set off|start moving|started moving|starts moving|pull away|"
        "pulled away|moved away|move away",
        Verb("stopped", (EventType.OBJECT_STOPPED,)): "stop|stops|stopped|stopping|halt|halts|halted|park|parks|parked|"
        "parking|stand still|stood still|stop moving|stopped moving|come to a halt|came to a halt",
        Verb(
            "crossed a line", (EventType.LINE_CROSSED,)
        ): "cross|crosses|crossed|crossing|line crossing|line crossings|"
        "cross the line|crossed the line|cross a line|crossed a line",
        Verb(
            "loitered", (EventType.LOITERING,), lasting=True
        ): "loiter|loiters|loitered|loitering|linger|lingered|lingering|hang around|hung around|hanging around|hang about|hung about|hanging about|lurk|lurked|lurking",
        Verb("ran", (EventType.RUNNING,), lasting=True): "run|runs|ran|running",
        LEFT_BEHIND: "left behind|leave behind|leaves behind|left lying|left standing|left there|left here|left alone|"
        "dropped|drop|drops|drop off|dropped off|placed|place|put down|puts down|set down|putting down|placing|"
        "put back|puts back|brought back|left on the floor|left on the ground|left on the table|left in the scene|leaves something behind",
        Verb("abandoned", (EventType.OBJECT_ABANDONED,)): "abandoned|abandon|abandons|unattended|left unattended",
        REMOVED: "removed|remove|removes|removing|taken|take|takes|took|taking|taken away|take away|took away|stolen|"
        "steal|steals|stole|stealing|picked up|pick up|picks up|carried away|carried off|go missing|goes missing|went missing|gone missing|missing",
    }


def _of_cameras() -> dict[Verb, str]:
    camera: Literal["camera"] = "camera"
    blocked = Verb("blocked", (EventType.VIEW_BLOCKED,), camera, lasting=True, noun="the view")
    dark = Verb("too dark", (EventType.TOO_DARK,), camera, lasting=True, noun="the picture")
    bright = Verb("too bright", (EventType.TOO_BRIGHT,), camera, lasting=True, noun="the picture")
    blurred = Verb("blurred", (EventType.BLURRED,), camera, lasting=True, noun="the picture")
    frozen = Verb("frozen", (EventType.PICTURE_FROZEN,), camera, lasting=True, noun="the picture")
    looped = Verb("looped", (EventType.PICTURE_LOOPED,), camera, lasting=True, noun="the picture")
    lost = Verb("lost", (EventType.SIGNAL_LOST,), camera, lasting=True, noun="the signal")
    cut = Verb("changed", (EventType.SCENE_CHANGED,), camera, noun="the scene")
    tampered = Verb(
        "tampered with", (EventType.VIEW_BLOCKED, EventType.CAMERA_MOVED, EventType.BLURRED), camera, noun="the camera"
    )
    return {
        CAMERA_MOVED: "camera moved|camera move|camera moves|camera turned|camera turn|camera shake|camera shook|"
        "camera shifted|camera knocked|knocked|camera movement",
        blocked: "blocked|covered|obstructed|masked|view blocked|view is blocked|covered up|blocked view|cover",
        dark: "dark|too dark|darkness",
        bright: "bright|too bright|overexposed|dazzled|blinded",
        blurred: "blurred|blurry|blur|unsharp|out of focus|defocused",
        frozen: "frozen|freeze|froze|freezes|stuck|frozen picture",
        looped: "looped|loop|looping|replayed",
        lost: "signal lost|lost signal|signal loss|lose signal|lost the signal|lose the signal|offline",
        cut: "scene change|scene changes|scene changed|scene cut|scene cuts|cuts|cut",
        tampered: "tampered|tampered with|tampering|sabotaged",
    }


def _of_scenes() -> dict[Verb, str]:
    def seen_as(past: str, *types: EventType) -> Verb:
        return Verb(past, types, "scene", lasting=True)

    return {
        seen_as("a crowd", EventType.CROWD_FORMED): "crowd|crowds|a crowd form|crowd formed|crowded",
        seen_as(
            "a change of the number of things", EventType.COUNT_CHANGED
        ): "count change|count changes|count changed",
        seen_as("fire", EventType.FIRE): "fire|fires|flame|flames|burn|burns|burning|burned|burnt|on fire|catch fire",
        seen_as("smoke", EventType.SMOKE): "smoke|fumes",
        seen_as(
            "a person who fell", EventType.PERSON_FELL
        ): "fall|falls|fell|fallen|falling|fall over|fell over|fall down|"
        "fell down|collapse|collapsed|trip over|tripped",
        seen_as("a fight", EventType.FIGHT): "fight|fights|fighting|fought|brawl|violence|assault|attacked",
        seen_as("a weapon", EventType.WEAPON_SHOWN): "weapon|weapons|gun|guns|knife|knives|armed",
        seen_as("a theft", EventType.THEFT): "theft|thefts|robbery|robbed|shoplifting|burglary|thief",
        seen_as("vandalism", EventType.VANDALISM): "vandalism|graffiti|vandalised|vandalized",
        seen_as("a traffic accident", EventType.TRAFFIC_ACCIDENT): "accident|accidents|crash|crashed|crashes|collision|"
        "collisions|collide|collided|traffic accident|traffic accidents|car crash|car accident",
        seen_as("debris on the road", EventType.DEBRIS_ON_ROAD): "debris|debris on the road",
        seen_as("a vehicle stopped on the road", EventType.VEHICLE_STOPPED_ON_ROAD): "broken down|breakdown|"
        "vehicle stopped on the road|stopped on the road|car stopped on the road",
        seen_as(
            "missing protective equipment", EventType.PPE_MISSING
        ): "ppe missing|without a helmet|no helmet|missing ppe|without helmet|no hard hat",
        seen_as("an empty shelf", EventType.SHELF_EMPTY): "shelf empty|empty shelf|empty shelves",
        seen_as("a queue", EventType.QUEUE_FORMED): "queue|queues|a queue form|queued|line up",
        seen_as(
            "a parcel delivery", EventType.PARCEL_DELIVERED
        ): "delivered|delivery|deliveries|parcel delivered|deliver",
        seen_as("a spill", EventType.SPILL): "spill|spills|spilled|spilt|leak",
        seen_as("a machine fault", EventType.MACHINE_FAULT): "machine fault|malfunction|machine failure",
    }


def _nouns() -> dict[str, Noun]:
    def vehicle(one: str) -> Noun:
        return Noun(one, "buses" if one == "bus" else f"{one}s", (Label.VEHICLE,), (one,))

    def animal(one: str) -> Noun:
        return Noun(one, f"{one}s", (Label.ANIMAL,), (one,))

    bag = Noun("bag", "bags", (Label.BAG,))
    package = Noun("package", "packages", (Label.PACKAGE,))
    bicycle = Noun("bicycle", "bicycles", (Label.BICYCLE,))
    said: dict[Noun, str] = {
        ANY: "object|objects|thing|things|item|items|anything|something|stuff|movement|movements|motion|moving things|"
        "moving objects|moving object",
        SOMEONE: "person|people|persons|human|humans|pedestrian|pedestrians|passer-by|passers-by|visitor|visitors|"
        "individual|individuals|ppl|folk|folks|customer|customers|shopper|shoppers|guest|guests|anyone|anybody|someone|somebody",
        Noun("man", "men", (Label.PERSON,), ("man",), agent=True): "man|men",
        Noun("woman", "women", (Label.PERSON,), ("woman",), agent=True): "woman|women|lady|ladies",
        Noun("child", "children", (Label.PERSON,), ("child",), agent=True): "child|children|kid|kids",
        Noun("vehicle", "vehicles", (Label.VEHICLE,)): "vehicle|vehicles|motor vehicle|motor vehicles",
        vehicle("car"): "car|cars|automobile|automobiles|auto|autos",
        vehicle("truck"): "truck|trucks|lorry|lorries",
        vehicle("van"): "van|vans",
        vehicle("bus"): "bus|buses|coach|coaches",
        vehicle("motorcycle"): "motorcycle|motorcycles|motorbike|motorbikes",
        bicycle: "bicycle|bicycles|bike|bikes|cyclist|cyclists",
        Noun("animal", "animals", (Label.ANIMAL,)): "animal|animals",
        animal("dog"): "dog|dogs",
        animal("cat"): "cat|cats",
        animal("bird"): "bird|birds",
        animal("horse"): "horse|horses",
        Noun("fox", "foxes", (Label.ANIMAL,), ("fox",)): "fox|foxes",
        bag: "bag|bags|luggage|baggage|purse|purses|handbag|handbags",
        Noun("suitcase", "suitcases", (Label.BAG,), ("suitcase",)): "suitcase|suitcases",
        Noun("backpack", "backpacks", (Label.BAG,), ("backpack",)): "backpack|backpacks|rucksack|rucksacks",
        package: "package|packages|parcel|parcels|box|boxes|packet|packets",
    }
    return {phrase: noun for noun, phrases in said.items() for phrase in phrases.split("|")}


def _asks() -> dict[str, Ask]:
    said: dict[Ask, str] = {
        Ask("count"): "how many|number of|count|the number of|how much traffic|total number of",
        Ask("count", times=True): "how often|how many times|number of times",
        Ask("when"): "when|what time|at what time|at which time|since when",
        Ask("how_long"): "how long|for how long|how much time|duration of",
        Ask("where"): "where",
        Ask("list"): "list|show|show me|give me|which|what|find|enumerate",
        Ask("describe"): "what happened|what happens|what is happening|what was happening|what is going on|"
        "what was going on|what went on|describe|summarise|summarize|summary|summary of|what did you see|"
        "what do you see|what was seen|what can be seen|what can you see|what was there|describe what happened|"
        "tell me what happened|what has happened|what is there to see|what was there to see|what has been seen",
        Ask("coverage"): "how much|what share|coverage|gaps|blind spots|what was not watched|what was missed|"
        "how much was watched|what was watched",
        Ask("exists"): "is there|are there|was there|were there|has there been|have there been|did you see",
    }
    return {phrase: ask for ask, phrases in said.items() for phrase in phrases.split("|")}


def _marks() -> dict[str, Mark]:
    said: dict[Mark, str] = {
        Mark("be"): "is|are|was|were|be|been|being|got|get|gets",
        Mark("do"): "do|does|did|has|have|had|can|could",
        Mark("filler"): "the|a|an|any|some|there|here|ever|please|me|us|you|in|on|at|this|these|tell|so far|"
        "at all|at any time|at any point|at some point|by any chance|total|in total|overall|altogether|different|distinct|visible in|of the video|in the video|on the video|"
        "in the footage|of the footage|in the clip|in the recording|in the film|in the file|on the footage|"
        "on the recording|of the clip|of the recording|in this video|in this clip|in view of the camera|"
        "on the camera|by the camera|through|into|inside|via|around|every|each",
        Mark("and"): "and|&",
        Mark("or"): "or",
        Mark("first"): "first|earliest",
        Mark("last"): "last|latest|most recent|final",
        Mark("events"): "event|events|incident|incidents|happenings|activity|activities",
        Mark("camera"): "camera|cameras|cam|cams|stream|streams|feed|feeds|source|sources",
        Mark("footage"): "video|videos|footage|clip|clips|recording|recordings|film|file|files|picture|image|view|"
        "scene|lens|screen|frame",
        Mark("watched"): "watched|examined|recorded|looked at|monitored|analysed|analyzed|processed|watch",
        Mark("all"): "all|everything|all of it|the whole|whole|entire|of everything",
        Mark("now"): "now|currently|right now|at the moment|still",
        Mark("who"): "who",
        Mark("zone"): "zone|zones|area|areas|region|regions",
        Mark("leave"): "leave|leaves|leaving",
        Mark("left"): "left",
        Mark("move"): "move|moves|moving",
        Mark("moved"): "moved",
        Mark("happen"): "happen|happened|happens|to happen|to occur|going on|occur|occurred|happening",
        Mark("gone"): "stand|stood|stands|standing|stay|stayed|stays|staying|remain|remained|remains|lie|lay|lying|"
        "wait|waited|lasted|spend|spent",
    }
    return {phrase: mark for mark, phrases in said.items() for phrase in phrases.split("|")}


WORDS: dict[str, Word] = {**_marks(), **_nouns(), **_verbs(), **_asks()}
LONGEST = max(phrase.count(" ") for phrase in WORDS) + 1
SINGLE = frozenset(word for phrase in WORDS for word in phrase.split())
