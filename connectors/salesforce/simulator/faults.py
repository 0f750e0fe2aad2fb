"""What goes wrong on request; the admin address /simulator/faults reads and sets it as JSON."""

from pydantic import BaseModel, ConfigDict, Field


class Faults(BaseModel):
    """The faults in force. Counters fall by one with each request they spoil."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    late_seconds: float = Field(
        default=0, ge=0, description="A late write shows in queries this long after it was stamped."
    )
    late_probability: float = Field(
        default=0, ge=0, le=1, description="Share of writes that show late, drawn from the seed."
    )
    outage: bool = Field(default=False, description="503 to everything until lifted.")
    slow_seconds: float = Field(
        default=0, ge=0, description="Every answer takes this much longer; the work is done before it."
    )
    lock_errors: int = Field(default=0, ge=0, description="The next N writes are refused with UNABLE_TO_LOCK_ROW.")
    lost_responses: int = Field(
        default=0, ge=0, description="The next N writes are carried out, but the connection breaks."
    )

    def take(self, counter: str) -> bool:
        """Whether this request is one of the counted ones."""
        left = int(getattr(self, counter))
        if left:
            setattr(self, counter, left - 1)
        return left > 0
