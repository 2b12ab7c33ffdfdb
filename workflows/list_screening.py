"""What follows the update of a list: every customer is screened against what it changed."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.screenings import ScreeningActivities
    from tenure.contracts.onboarding import ListScreeningContract, ListScreeningInput, ListScreeningResult
    from workflows import _options
    from workflows._waiting import Watch, show


@workflow.defn(name="ListScreening")
class ListScreening(ListScreeningContract):
    """Page by page; a hit becomes a review of its own, and blocks nothing (Q-32)."""

    @workflow.run
    async def run(self, update: ListScreeningInput) -> ListScreeningResult:
        """Screen page by page."""
        watch = Watch()
        while True:
            show(
                "list_screening",
                None,
                f"Q-32, customers are screened against version {update.version} of {update.list_id}",
                f"{update.screened} screened, {update.hits} cases opened",
            )
            watch.look()
            page = await workflow.execute_activity_method(
                ScreeningActivities.screen_customers, update, **_options.screening("Screen the next page of customers")
            )
            done = {"screened": update.screened + page.screened, "hits": update.hits + page.hits}
            if page.next_after is None:
                return ListScreeningResult(**done)
            update = update.model_copy(update=done | {"after": page.next_after})
            if watch.long_run():
                workflow.continue_as_new(update)
