"""Sentences as people write them, and the rule that each asks for: without its id, what is left at its default left out."""

from typing import Any

NIGHT = {"from": "22:00", "to": "06:00"}
WEEK = ["mon", "tue", "wed", "thu", "fri"]
END = ["sat", "sun"]


def rule(when: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"when": when, **more}


def event(type_: "str | list[str]", **more: Any) -> dict[str, Any]:
    return {"event": type_, **more}


VAN = {"label": "vehicle", "attributes": {"kind": "van"}}
CAR = {"label": "vehicle", "attributes": {"kind": "car"}}
TRUCK = {"label": "vehicle", "attributes": {"kind": "truck"}}
DOG = {"label": "animal", "attributes": {"kind": "dog"}}

SENTENCES: list[tuple[str, dict[str, Any]]] = [
    # things and doings
    (
        "tell me when a van stands at the dock for more than ten minutes at night",
        rule(event("object_stopped", **VAN, zone="dock", for_s=600), active=NIGHT),
    ),
    ("alert me when a person enters the yard zone", rule(event("zone_entered", label="person", zone="yard zone"))),
    ("Tell me when somebody enters the gate", rule(event("zone_entered", label="person", zone="gate"))),
    ("when a car stops at the gate", rule(event("object_stopped", **CAR, zone="gate"))),
    ("let me know if a dog comes into view", rule(event("object_entered", **DOG))),
    ("notify me whenever a truck leaves the dock", rule(event("zone_exited", **TRUCK, zone="dock"))),
    (
        "tell me when a bag is left at the front door",
        rule(event(["object_left", "object_abandoned"], label="bag", zone="front door")),
    ),
    (
        "alert when someone leaves a package at the front door",
        rule(event(["object_left", "object_abandoned"], label="package", zone="front door")),
    ),
    (
        "tell me if a suitcase is abandoned",
        rule(event("object_abandoned", label="bag", attributes={"kind": "suitcase"})),
    ),
    ("warn me when somebody takes the package", rule(event("object_removed", label="package"))),
    ("tell me when something is removed from the till", rule(event("object_removed", zone="till"))),
    ("alert me when a person loiters at the front door", rule(event("loitering", label="person", zone="front door"))),
    (
        "tell me when someone hangs around the parking for more than 5 minutes",
        rule(event("loitering", label="person", zone="parking", for_s=300)),
    ),
    ("alert me if anyone runs", rule(event("running", label="person"))),
    ("tell me when a vehicle crosses the barrier line", rule(event("line_crossed", label="vehicle", line="barrier"))),
    (
        "tell me when a bicycle crosses the barrier from left to right",
        rule(event("line_crossed", label="bicycle", line="barrier", direction="forward")),
    ),
    (
        "tell me when a car crosses the barrier in the wrong direction",
        rule(event("line_crossed", **CAR, line="barrier", direction="backward")),
    ),
    (
        "tell me when a white van enters the dock",
        rule(event("zone_entered", label="vehicle", attributes={"kind": "van", "colour": "white"}, zone="dock")),
    ),
    (
        "alert me when a red or blue car parks at the gate",
        rule(
            event("object_stopped", label="vehicle", attributes={"kind": "car", "colour": ["red", "blue"]}, zone="gate")
        ),
    ),
    (
        "tell me when a person or a vehicle enters the dock",
        rule(event("zone_entered", label=["person", "vehicle"], zone="dock")),
    ),
    (
        "tell me when a person enters the dock or the gate",
        rule(event("zone_entered", label="person", zone=["dock", "gate"])),
    ),
    (
        "tell me when a car or a truck stops at the dock",
        rule(event("object_stopped", label="vehicle", attributes={"kind": ["car", "truck"]}, zone="dock")),
    ),
    ("alert me when there is a fire", rule(event("fire"))),
    ("tell me if you see smoke at the dock", rule(event("smoke", zone="dock"))),
    ("alert me when a person falls", rule(event("person_fell"))),
    ("tell me when a fight breaks out in the parking", rule(event("fight", zone="parking"))),
    ("alert me if someone shows a gun", rule(event("weapon_shown"))),
    ("tell me when there is a car crash", rule(event("traffic_accident"))),
    ("tell me when a parcel is delivered", rule(event("parcel_delivered"))),
    ("tell me when a crowd forms at the gate", rule(event("crowd_formed", zone="gate"))),
    (
        "tell me when a person is in the dock for more than 2 minutes",
        rule(event("loitering", label="person", zone="dock", for_s=120)),
    ),
    (
        "a vehicle is parked at the front door for over an hour",
        rule(event("object_stopped", label="vehicle", zone="front door", for_s=3600)),
    ),
    ("tell me when something moves in the dock", rule(event("zone_entered", zone="dock"))),
    ("tell me when an intruder enters the till", rule(event("zone_entered", label="person", zone="till"))),
    (
        "tell me when a forklift drives through the dock",
        rule(event("zone_entered", label="vehicle", attributes={"kind": "forklift"}, zone="dock")),
    ),
    # cameras
    ("tell me when the camera is covered", rule(event("view_blocked"))),
    ("alert me when a camera goes offline", rule(event("signal_lost"))),
    (
        "tell me when camera 2 goes offline for more than 5 minutes",
        rule(event("signal_lost", stream="camera 2", for_s=300)),
    ),
    ("alert me when the camera is moved", rule(event("camera_moved"))),
    ("tell me when the picture is frozen", rule(event("picture_frozen"))),
    ("tell me when a person appears on camera 2", rule(event("object_entered", label="person", stream="camera 2"))),
    # hours and days
    (
        "tell me when a person enters the dock on weekends",
        rule(event("zone_entered", label="person", zone="dock"), active={"days": END}),
    ),
    (
        "tell me when a person enters the dock on weekdays between 20:00 and 6:00",
        rule(event("zone_entered", label="person", zone="dock"), active={"days": WEEK, "from": "20:00", "to": "06:00"}),
    ),
    (
        "tell me when a person enters the dock between 10 pm and 6 am",
        rule(event("zone_entered", label="person", zone="dock"), active=NIGHT),
    ),
    (
        "tell me when a person enters the dock after 10 pm",
        rule(event("zone_entered", label="person", zone="dock"), active={"from": "22:00"}),
    ),
    (
        "tell me when a person enters the dock before 6 am",
        rule(event("zone_entered", label="person", zone="dock"), active={"to": "06:00"}),
    ),
    (
        "tell me when a person enters the dock from monday to friday",
        rule(event("zone_entered", label="person", zone="dock"), active={"days": WEEK}),
    ),
    (
        "tell me when a person enters the dock on sunday",
        rule(event("zone_entered", label="person", zone="dock"), active={"days": ["sun"]}),
    ),
    (
        "tell me when a person enters the dock on saturdays and sundays in the morning",
        rule(event("zone_entered", label="person", zone="dock"), active={"days": END, "from": "06:00", "to": "12:00"}),
    ),
    (
        "tell me when a person enters the dock outside business hours",
        rule(event("zone_entered", label="person", zone="dock"), active={"from": "18:00", "to": "08:00"}),
    ),
    (
        "tell me when a person enters the dock during working hours",
        rule(event("zone_entered", label="person", zone="dock"), active={"from": "08:00", "to": "18:00"}),
    ),
    (
        "tell me when a person enters the dock on holidays",
        rule(event("zone_entered", label="person", zone="dock"), active={"days": ["holiday"]}),
    ),
    (
        "tell me when a person enters the dock from 9 to 5 on weekdays",
        rule(event("zone_entered", label="person", zone="dock"), active={"days": WEEK, "from": "09:00", "to": "17:00"}),
    ),
    ("at night tell me when a car stops at the gate", rule(event("object_stopped", **CAR, zone="gate"), active=NIGHT)),
    # how much it matters, who is told, how often
    ("raise a critical alert when there is smoke at the dock", rule(event("smoke", zone="dock"), severity="critical")),
    (
        "tell me when a person enters the dock, high priority",
        rule(event("zone_entered", label="person", zone="dock"), severity="high"),
    ),
    ("tell ops when a person enters the dock", rule(event("zone_entered", label="person", zone="dock"), sinks=["ops"])),
    (
        "tell ops and the night guard when a person enters the dock at night",
        rule(event("zone_entered", label="person", zone="dock"), sinks=["ops", "night-guard"], active=NIGHT),
    ),
    (
        "tell me when a person enters the dock, at most once an hour",
        rule(event("zone_entered", label="person", zone="dock"), cooldown_s=3600),
    ),
    (
        "tell me when a person enters the dock, but no more than one alert every 10 minutes",
        rule(event("zone_entered", label="person", zone="dock"), cooldown_s=600),
    ),
    (
        "alert me when a car stops at the gate for 30 seconds and notify ops",
        rule(event("object_stopped", **CAR, zone="gate", for_s=30), sinks=["ops"]),
    ),
    (
        "send a low severity alert to ops when a dog enters the gate",
        rule(event("zone_entered", **DOG, zone="gate"), severity="low", sinks=["ops"]),
    ),
    (
        "tell me when a person enters the dock if you are at least 80 % sure",
        rule(event("zone_entered", label="person", zone="dock", confidence=0.8)),
    ),
    (
        "tell me when a bag is left at the gate and if nobody acknowledges within 5 minutes tell ops",
        rule(event(["object_left", "object_abandoned"], label="bag", zone="gate"), escalate_s=300, escalate_to=["ops"]),
    ),
    ("tell me when a person falls, repeat it every 2 minutes", rule(event("person_fell"), repeat_s=120)),
    # how many
    (
        "tell me when more than 5 people are in the gate",
        rule({"count": {"label": "person", "zone": "gate"}, "at_least": 6}),
    ),
    (
        "tell me when at least three cars are in the parking for 10 minutes",
        rule({"count": {**CAR, "zone": "parking"}, "at_least": 3, "for_s": 600}),
    ),
    (
        "tell me when 8 or more people stand at the till for 30 seconds",
        rule({"count": {"label": "person", "zone": "till"}, "at_least": 8, "for_s": 30}),
    ),
    (
        "alert me when there are fewer than two people at the till",
        rule({"count": {"label": "person", "zone": "till"}, "at_most": 1}),
    ),
    (
        "tell me when more than 10 people enter the gate within 5 minutes",
        rule({"count": event("zone_entered", label="person", zone="gate"), "at_least": 11, "within_s": 300}),
    ),
    (
        "tell me when a car crosses the barrier three times in 10 minutes",
        rule({"count": event("line_crossed", **CAR, line="barrier"), "at_least": 3, "within_s": 600}),
    ),
    (
        "tell me when someone enters the dock more than twice in an hour",
        rule({"count": event("zone_entered", label="person", zone="dock"), "at_least": 3, "within_s": 3600}),
    ),
    (
        "tell me when more than 20 cars per hour cross the barrier",
        rule({"rate": event("line_crossed", **CAR, line="barrier"), "at_least": 21, "per_s": 3600, "within_s": 3600}),
    ),
    (
        "tell me when the camera goes offline 3 times in a day",
        rule({"count": event("signal_lost"), "at_least": 3, "within_s": 86400}),
    ),
    (
        "tell me when two people cross the barrier within 3 seconds",
        rule({"count": event("line_crossed", label="person", line="barrier"), "at_least": 2, "within_s": 3}),
    ),
    # one after the other
    (
        "tell me when a person enters the gate and then the dock within 2 minutes",
        rule(
            {
                "in_order": [event("zone_entered", label="person", zone="gate"), event("zone_entered", zone="dock")],
                "within_s": 120,
            }
        ),
    ),
    (
        "tell me when a car stops at the gate, then a person enters the dock within 30 seconds",
        rule(
            {
                "in_order": [
                    event("object_stopped", **CAR, zone="gate"),
                    event("zone_entered", label="person", zone="dock"),
                ],
                "within_s": 30,
            }
        ),
    ),
    (
        "tell me when a bag is left and then the same bag is taken away within 5 minutes",
        rule(
            {
                "in_order": [
                    event(["object_left", "object_abandoned"], label="bag"),
                    event("object_removed", label="bag"),
                ],
                "within_s": 300,
                "same": "thing",
            }
        ),
    ),
    (
        "tell me when a person crosses the barrier followed by another person within 3 seconds",
        rule(
            {
                "in_order": [
                    event("line_crossed", label="person", line="barrier"),
                    event("line_crossed", label="person", line="barrier"),
                ],
                "within_s": 3,
            }
        ),
    ),
    (
        "tell me when a person runs within 10 seconds after a fight",
        rule({"in_order": [event("fight"), event("running", label="person")], "within_s": 10}),
    ),
    (
        "tell me when a truck enters the gate and then stops at the dock within 5 minutes",
        rule(
            {
                "in_order": [event("zone_entered", **TRUCK, zone="gate"), event("object_stopped", zone="dock")],
                "within_s": 300,
            }
        ),
    ),
    # one without the other, both, one of them
    (
        "tell me when a car enters the gate without a person entering the dock within 1 minute",
        rule(
            {
                "all": [
                    event("zone_entered", **CAR, zone="gate"),
                    {"not": event("zone_entered", label="person", zone="dock")},
                ],
                "within_s": 60,
            }
        ),
    ),
    (
        "tell me when a person falls while a vehicle stops at the dock",
        rule({"all": [event("person_fell"), event("object_stopped", label="vehicle", zone="dock")]}),
    ),
    (
        "tell me when a person enters the dock or a car stops at the gate",
        rule(
            {"any": [event("zone_entered", label="person", zone="dock"), event("object_stopped", **CAR, zone="gate")]}
        ),
    ),
    # what does not happen
    (
        "tell me if nobody enters the till for 10 minutes",
        rule({"absence": event("zone_entered", label="person", zone="till"), "for_s": 600}),
    ),
    (
        "alert me if no delivery comes between 8 and 9",
        rule({"absence": event("parcel_delivered"), "between": {"from": "08:00", "to": "09:00"}}),
    ),
    (
        "tell me when no car crosses the barrier in 30 minutes on weekdays",
        rule({"absence": event("line_crossed", **CAR, line="barrier"), "for_s": 1800}, active={"days": WEEK}),
    ),
    (
        "tell me when nobody comes to the front door between 7 am and 8 am on weekdays",
        rule(
            {
                "absence": event("zone_entered", label="person", zone="front door"),
                "between": {"days": WEEK, "from": "07:00", "to": "08:00"},
            }
        ),
    ),
    ("tell me if nothing happens for 2 hours", rule({"absence": {}, "for_s": 7200})),
    (
        "tell me when no vehicle has entered the dock for 10 minutes between 8:00 and 18:00",
        rule(
            {"absence": event("zone_entered", label="vehicle", zone="dock"), "for_s": 600},
            active={"from": "08:00", "to": "18:00"},
        ),
    ),
    (
        "tell me if a delivery does not arrive between 8:00 and 9:30",
        rule({"absence": event("parcel_delivered"), "between": {"from": "08:00", "to": "09:30"}}),
    ),
    # what the grammar cannot say is asked of the vision model
    ("tell me when someone is smoking near the fuel pump", rule({"ask": "Is someone smoking near the fuel pump?"})),
    ("alert me when the floor is wet for 5 minutes", rule({"ask": "Is the floor wet?", "for_s": 300})),
    (
        "tell me at night when a ladder leans against the fence",
        rule({"ask": "Is it true that a ladder leans against the fence?"}, active=NIGHT),
    ),
    ("tell me when there is a wheelchair in the corridor", rule({"ask": "Is there a wheelchair in the corridor?"})),
    ("tell me when a worker is without a helmet", rule(event("ppe_missing"))),
    ("tell me when someone wears a yellow vest", rule({"ask": "Is it true that someone wears a yellow vest?"})),
    # slips of the pen, and how people write
    ("tell me when a person enters the dok", rule(event("zone_entered", label="person", zone="dock"))),
    ("PLEASE TELL ME WHEN A VAN STOPS AT THE DOCK!!!", rule(event("object_stopped", **VAN, zone="dock"))),
    ("I want to know when a cyclist crosses the barrier", rule(event("line_crossed", label="bicycle", line="barrier"))),
    ("van at the dock for 15 min", rule(event("object_stopped", **VAN, zone="dock", for_s=900))),
    ("alert: person in the till at night", rule(event("zone_entered", label="person", zone="till"), active=NIGHT)),
    (
        "can you tell me when there's a person at the front door after midnight?",
        rule(event("zone_entered", label="person", zone="front door"), active={"to": "06:00"}),
    ),
    # written after the grammar, as others may say it
    (
        "warn ops when somebody climbs over the barrier after midnight",
        rule({"ask": "Is it true that somebody climbs over the barrier?"}, sinks=["ops"], active={"to": "06:00"}),
    ),
    (
        "send me a message if there are more than 4 people in the parking at night",
        rule({"count": {"label": "person", "zone": "parking"}, "at_least": 5}, active=NIGHT),
    ),
    (
        "tell me when a child is near the gate",
        rule(event("zone_entered", label="person", attributes={"kind": "child"}, zone="gate")),
    ),
    (
        "I want an alert if the camera gets covered or loses signal",
        rule({"any": [event("view_blocked"), event("signal_lost")]}),
    ),
    (
        "tell me if two vehicles enter the dock within 10 seconds",
        rule({"count": event("zone_entered", label="vehicle", zone="dock"), "at_least": 2, "within_s": 10}),
    ),
    (
        "let me know when a package has been sitting at the front door for over 2 hours",
        rule(event("object_stopped", label="package", zone="front door", for_s=7200)),
    ),
    (
        "notify night-guard if anybody is in the dock outside opening hours, high severity",
        rule(
            event("zone_entered", label="person", zone="dock"),
            severity="high",
            active={"from": "18:00", "to": "08:00"},
            sinks=["night-guard"],
        ),
    ),
    ("alert me if the dog leaves the parking", rule(event("zone_exited", **DOG, zone="parking"))),
    (
        "tell me when no one has been at the till for more than 5 minutes during business hours",
        rule(
            {"absence": {"label": "person", "zone": "till"}, "for_s": 300},
            active={"from": "08:00", "to": "18:00"},
        ),
    ),
    ("raise the alarm when smoke or fire is seen", rule({"any": [event("smoke"), event("fire")]})),
    (
        "tell me if a motorcycle crosses the barrier on sunday morning",
        rule(
            event("line_crossed", label="vehicle", attributes={"kind": "motorcycle"}, line="barrier"),
            active={"days": ["sun"], "from": "06:00", "to": "12:00"},
        ),
    ),
    (
        "when a truck arrives at the dock and no person comes to the dock within 15 minutes tell ops",
        rule(
            {
                "all": [
                    event("zone_entered", **TRUCK, zone="dock"),
                    {"not": event("zone_entered", label="person", zone="dock")},
                ],
                "within_s": 900,
            },
            sinks=["ops"],
        ),
    ),
    (
        "alert me when somebody falls and does not get up for 30 seconds",
        rule({"ask": "Is it true that somebody falls and does not get up?", "for_s": 30}),
    ),
    (
        "tell me every time a person walks through the gate between 11pm and 5am, no more than once per hour",
        rule(
            event("zone_entered", label="person", zone="gate"), active={"from": "23:00", "to": "05:00"}, cooldown_s=3600
        ),
    ),
    (
        "tell me when more than ten people queue at the till",
        rule({"count": {"label": "person", "zone": "till"}, "at_least": 11}),
    ),
    ("tell me if the picture is too dark for 10 minutes", rule(event("too_dark", for_s=600))),
    (
        "tell me when a person runs after entering the dock",
        rule({"in_order": [event("zone_entered", zone="dock"), event("running", label="person")], "within_s": 60}),
    ),
    (
        "let me know if a delivery truck waits at the dock longer than 20 minutes",
        rule({"ask": "Is it true that a delivery truck waits at the dock?", "for_s": 1200}),
    ),
    (
        "alert ops if two men fight in the parking on friday or saturday night",
        rule(event("fight", zone="parking"), sinks=["ops"], active={"days": ["fri", "sat"], **NIGHT}),
    ),
    (
        "if someone breaks in at night call ops immediately",
        rule(event("object_entered", label="person"), severity="high", sinks=["ops"], active=NIGHT),
    ),
    (
        "tell me when there are no people in the parking for an hour",
        rule({"absence": {"label": "person", "zone": "parking"}, "for_s": 3600}),
    ),
    ("ring the bell when a dog enters the gate", rule(event("zone_entered", **DOG, zone="gate"))),
    (
        "tell me when 3 people enter the gate in one minute",
        rule({"count": event("zone_entered", label="person", zone="gate"), "at_least": 3, "within_s": 60}),
    ),
    (
        "tell me when a car enters the parking and does not leave within 2 hours",
        rule(
            {"all": [event("zone_entered", **CAR, zone="parking"), {"not": event("object_exited")}], "within_s": 7200}
        ),
    ),
]
