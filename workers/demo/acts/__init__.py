"""What the outside world can do to Tenure: each as the service, feed or person would do it, over HTTP."""

from collections.abc import Awaitable, Callable

from tenure.contracts.base import Instant
from workers.demo.world import World

type Act = Callable[[World, Instant], Awaitable[None]]
"""Something that happens at an instant, which is the simulation's now."""
