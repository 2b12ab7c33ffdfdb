"""How a process has the platform build services and tear them down, beside what it waits for."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.provisioning import ProvisioningActivities
    from tenure.contracts.platform import Built, Deed, PlatformOrder
    from workflows import _options
    from workflows._waiting import Watch

_ACTS = {Deed.BUILD: ProvisioningActivities.build, Deed.TEAR_DOWN: ProvisioningActivities.tear_down}


class Orders:
    """Orders under way, one a key. The facts say what is ordered; what no longer is, is left off."""

    def __init__(self, watch: Watch) -> None:
        """Take who is told once all have been carried out: each is written down by itself."""
        self._watch = watch
        self._under_way: dict[str, workflow.ActivityHandle[Built]] = {}
        self._problems: Mapping[str, str] = {}

    def follow(self, orders: Sequence[PlatformOrder], problems: Mapping[str, str]) -> None:
        """Have carried out what is ordered and not under way; the platform does each once, by its key (PV-04).

        Args:
            orders: What is ordered.
            problems: Why some are not carried out yet, by key. Somebody who takes a problem away wants that order to
                be asked for at once: its next attempt may be an hour off.
        """
        wanted = {order.key: order for order in orders}
        hurried = self._problems.keys() - problems.keys()
        self._problems = problems
        for key in [known for known in self._under_way if known not in wanted or known in hurried]:
            self._under_way.pop(key).cancel()
        for key, order in wanted.items():
            if key not in self._under_way:
                summary = f"{'Build' if order.deed is Deed.BUILD else 'Tear down'} {order.service}"
                act = workflow.start_activity_method(_ACTS[order.deed], order, **_options.platform(summary))
                act.add_done_callback(partial(self._done, key))
                self._under_way[key] = act

    async def withdraw(self) -> None:
        """A next run takes over."""
        acts, self._under_way = self._under_way, {}
        for act in acts.values():
            act.cancel()
        await asyncio.gather(*acts.values(), return_exceptions=True)

    def _done(self, key: str, act: asyncio.Task[Built]) -> None:
        if act.cancelled():
            return
        error = act.exception()
        if self._under_way.get(key) is act:
            if error is None:
                del self._under_way[key]
            else:
                workflow.logger.error("An order to the platform failed.", exc_info=error)
        if not self._under_way:
            self._watch.tell()
