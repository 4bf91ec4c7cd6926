"""The Celery app of the settings here, for tools that ask for one: `celery -A workers.app flower`."""

import os

from vidette.configuration import load
from workers.celery import make_app

app = make_app(load(None, os.environ))
"""By `vidette.yml` in the working directory and `VIDETTE_…`, as every command; its workers are those of `vidette worker`."""
