"""Policies without one guard: for each the part, the guard as its source has it, and what stands there instead.

Where two guards say the same, one of them alone is not missed: both are taken out.
"""

MUTANTS: dict[str, list[tuple[str, str, str]]] = {
    "activity is overlooked": [
        ("deletion", "evidence.counting_from, evidence.last_activity_at,", "evidence.counting_from,"),
    ],
    "a lost span is overlooked": [
        ("deletion", "evidence.last_activity_at, evidence.lost_until)", "evidence.last_activity_at)"),
    ],
    "the marking is overlooked": [
        (
            "deletion",
            "    return max(instant for instant in known if instant is not None)",
            "    return max([i for i in known[1:] if i is not None], default=known[0])",
        ),
    ],
    "activity after the warning is overlooked": [
        ("deletion", "if base > promise.base_at:", "if False:"),
    ],
    "licences are overlooked": [
        ("deletion", "if evidence.licence_sets_held > 0:", "if False:"),
    ],
    "customers are overlooked": [
        ("deletion", "if evidence.customers_managed > 0:", "if False:"),
    ],
    "requests are overlooked": [
        ("deletion", "_request(evidence, as_of, base)\n        or _feeds", "_feeds"),
    ],
    "requests defer without end": [
        ("deletion", "and evidence.held_by in {None, request.trial_request_id}", ""),
    ],
    "the silence is not waited for": [
        ("deletion", "if as_of < due:", "if False:"),
        ("deletion", "return Reason.FEED_BEHIND if feed.watermark < needed_until else None", "return None"),
    ],
    "the silence is a day short": [
        ("deletion", "due = base + rules.silence", "due = base + rules.silence * 29 / 30"),
    ],
    "the notice period is not waited for": [
        ("deletion", "if as_of < gate:", "if False:"),
        ("deletion", "return Reason.FEED_BEHIND if feed.watermark < needed_until else None", "return None"),
    ],
    "nobody has to be told": [
        (
            "deletion",
            "if gate is None:\n        return _untold(promise, as_of, base, rules)",
            "gate = gate or promise.not_before",
        ),
    ],
    "the promise is not waited for": [
        ("promise", "max(promise.not_before, told + rules.notice_period)", "told + rules.notice_period"),
    ],
    "the acceptance is not waited for": [
        ("promise", "max(promise.not_before, told + rules.notice_period)", "promise.not_before"),
        (
            "promise",
            "    not_before = _moved(promise, accepted_at, time_zone, rules)\n",
            "    not_before = promise.not_before\n",
        ),
    ],
    "an attempt stands for an acceptance": [
        ("promise", 'if promise.settled and rules.when_nobody_reachable == "proceed":', "if True:"),
    ],
    "an attempt is enough where the setting is hold": [
        ("promise", 'if promise.settled and rules.when_nobody_reachable == "proceed":', "if promise.settled:"),
    ],
    "a late attempt prints the old date": [
        (
            "promise",
            "if not is_told(promise):\n        not_before = _moved(",
            "if False:\n        not_before = _moved(",
        ),
    ],
    "every attempt moves the promise": [
        (
            "promise",
            "if instant + rules.notice_period <= promise.not_before:\n        return promise.not_before\n    return promised(instant, time_zone, rules)",
            "return promised(instant, time_zone, rules) - timedelta(days=1)",
        ),
    ],
    "the promise is rounded down": [
        (
            "promise",
            "    while (midnight := datetime.combine(day, time(), zone).astimezone(UTC)) < due:\n        day += timedelta(days=1)\n    return midnight",
            "    return datetime.combine(day, time(), zone).astimezone(UTC)",
        ),
    ],
    "the promise is not rounded": [
        ("promise", "    return midnight", "    return due"),
    ],
    "no feed is waited for": [
        ("deletion", "    if not faults:\n        return None", "    return None"),
    ],
    "a feed may be behind": [
        ("deletion", "return Reason.FEED_BEHIND if feed.watermark < needed_until else None", "return None"),
    ],
    "a feed may be silent": [
        ("deletion", "if as_of - feed.heard_at > max(feed.rhythm, _SHORTEST_RHYTHM):", "if False:"),
    ],
    "the breaker never trips": [
        (
            "breaker",
            "return _exceeds(breaker.fenced_last_hour + 1, breaker.fenced_last_day + 1, breaker)",
            "return None",
        ),
    ],
    "the breaker trips one late": [
        (
            "breaker",
            "breaker.fenced_last_hour + 1, breaker.fenced_last_day + 1",
            "breaker.fenced_last_hour, breaker.fenced_last_day",
        ),
    ],
    "only the hour counts": [
        ("breaker", "if day > breaker.limit_day:", "if False:"),
    ],
    "only the day counts": [
        ("breaker", "if hour > breaker.limit_hour:", "if False:"),
    ],
    "a rehearsal is none": [
        ("deletion", "if rules.dry_run:", "if False:"),
    ],
    "changed rules are not looked at first": [
        ("deletion", "if evidence.rules_version != rules.version:", "if False:"),
    ],
    "an open breaker lets through": [
        ("breaker", "return breaker.open_since is not None and breaker.released <= 0", "return False"),
    ],
    "a purge takes no release": [
        ("breaker", "return breaker.open_since is not None and fenced_at <= breaker.open_since", "return False"),
    ],
    "there is no quarantine": [
        ("erasure", "if as_of < erasure.quarantine_until:", "if False:"),
    ],
    "late activity is overlooked": [
        ("erasure", "if evidence.late_activity:", "if False:"),
    ],
    "a purge does not wait for feeds": [
        ("erasure", "if not evidence.feeds or any(", "if False and any("),
    ],
    "a purge does not wait for the breaker": [
        ("erasure", "if evidence.breaker_open:", "if False:"),
    ],
    "a purge does not look at customers": [
        ("erasure", "if evidence.customers_managed > 0:", "if False:"),
    ],
}
