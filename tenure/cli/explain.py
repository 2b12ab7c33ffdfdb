"""`tenure explain`: what happens next to an organisation."""

from tenure.cli import output, session
from tenure.cli.parameters import Json, Organisation


def explain(organisation: Organisation, *, json: Json = False) -> None:
    """Say what happens next, when, by which rule, on which evidence, and what would stop it.

    It is answered from facts alone, also while Temporal is down.
    """
    answer = session.run(lambda tenure: tenure.organisations.explain(organisation))
    if json:
        output.print_json(answer)
        return
    simulation = " in a simulation" if answer.simulation else ""
    output.say(f"{answer.name} ({answer.organisation_id}), {output.words(answer.state)}{simulation}", style="bold")
    for sentence in answer.sentences or ("Nothing is pending.",):
        output.say(sentence)
    if answer.next:
        output.heading("Next")
        output.print_table(
            ("What", "When", "Rule", "Why", "Looks again"),
            [
                (
                    output.words(one.kind),
                    output.instant(one.due_at),
                    one.rule,
                    output.words(one.reason),
                    output.instant(one.looks_at),
                )
                for one in answer.next
            ],
            "",
        )
    if answer.would_stop_it:
        output.heading("What would stop it")
        for stop in answer.would_stop_it:
            output.say(f"- {stop}")
    evidence = answer.evidence
    promise = evidence.promise
    output.heading("Evidence")
    output.print_fields(
        [
            ("Last activity", output.instant(evidence.last_activity_at) or "none known"),
            ("Counting from", output.instant(evidence.counting_from)),
            ("Licence sets held", str(evidence.licence_sets_held)),
            ("Customers managed", str(evidence.customers_managed)),
            ("Pending trial requests", str(len(evidence.pending_requests))),
            ("Promised not before", output.instant(promise.not_before) if promise else None),
            ("Warning accepted", output.instant(promise.first_accepted_at) if promise else None),
            ("Warning came back", output.instant(promise.bounced_at) if promise else None),
            (
                "Feeds",
                ", ".join(
                    f"{feed.source} up to {output.instant(feed.watermark) or 'nothing yet'}" for feed in evidence.feeds
                ),
            ),
            ("Breaker", "open" if evidence.breaker_open else "closed"),
            ("Rules", evidence.rules_version),
        ]
    )
