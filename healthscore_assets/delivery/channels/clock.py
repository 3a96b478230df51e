"""What time it is, as it is passed in."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
"""The time, with its zone."""
