"""What each kind of sink promises, in a sentence; docs/sinks.md and `vidette sinks list` say the same."""

GUARANTEES = {
    "console": "once a message while a terminal is there; nothing is kept for who looks later",
    "jsonl": "at least once: a line is on the disk before it counts as delivered; one that came twice has the same `id`",
    "script": "at least once: exit code 0 is delivered, anything else is tried again; one message at a time, in order",
    "webhook": "at least once, in order for each alert, signed: 2xx is delivered; the same `webhook-id` on every try",
    "mqtt": "at least once to the broker (QoS 1), in order for each alert; who is not connected then has missed it,"
    " unless the broker keeps a session",
    "apprise": "at least once, as far as the service says that it took the message; a service may show it twice",
}
"""By `kind` of the settings."""
