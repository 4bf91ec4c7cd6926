"""What workers on several machines go by."""

from pydantic import Field

from vidette.bounded import Model


class ClusterSettings(Model):
    """How jobs are shared out; it counts only where there is a `broker`."""

    lease_s: float = Field(
        default=6.0, ge=1, le=300, description="a worker that is silent for so long has lost its streams to others"
    )
    settle_limit_s: float = Field(
        default=60.0, ge=5, le=3600, description="how long one observation may take to be settled"
    )
    look_limit_s: float = Field(default=600.0, ge=5, le=7200, description="how long one deep look may take")
    deliver_limit_s: float = Field(
        default=120.0, ge=5, le=3600, description="how long a worker goes on sending to one sink"
    )
    retries: int = Field(
        default=5,
        ge=1,
        le=100,
        description="how often a job is tried before it is put aside; `vidette jobs` shows those",
    )
    window: int = Field(
        default=16,
        ge=1,
        le=1000,
        description="observations of a stream on their way to memory at most; more wait on disk",
    )
    spool: str = Field(default="", description="folder for what waits on disk; empty is beside the database")
    spool_mb: int = Field(default=1024, ge=1, le=1_000_000, description="how much of a worker waits on disk at most")
    waiting_looks: int = Field(
        default=1000,
        ge=1,
        le=1_000_000,
        description="deep looks that wait at most; more are left out, and the ledger says so",
    )
    trace: str = Field(
        default="",
        max_length=500,
        description="where OpenTelemetry traces go (OTLP over HTTP: `http://host:4318`); empty: nowhere",
    )
