"""Commands that run against each other, and what each of them met."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tenure.errors import RefusalCode
from tests.integration.deletion.interleaving import interleave
from tests.integration.trials.market import refusal_of

type Course = Callable[[], Awaitable[object]]


async def race(seed: int, courses: Mapping[str, Course]) -> dict[str, Any]:
    """Run courses against each other; what each answered, or the refusal that it met."""
    if seed % 2:
        answers = await interleave(seed, courses)
    else:
        chance = random.Random(seed)

        async def later(course: Course) -> object:
            await asyncio.sleep(chance.uniform(0, 0.004))
            return await course()

        found = await asyncio.gather(*(later(course) for course in courses.values()), return_exceptions=True)
        answers = dict(zip(courses, found, strict=True))
    return {name: refusal_of(answer) or answer for name, answer in answers.items()}


def won(answers: dict[str, Any]) -> list[str]:
    """Who was not refused."""
    return [name for name, answer in answers.items() if not isinstance(answer, RefusalCode)]
