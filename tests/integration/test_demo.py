"""The demonstration, as `make demo ARGS=--exit` runs it."""

import os
import subprocess
import sys
from pathlib import Path

from workers.demo.play import EXPECTED
from workers.demo.timeline import compare, read

ROOT = Path(__file__).parents[2]
MINUTES = 10
"""It takes two or three; a machine that is busy with other things may need more."""


def test_the_portfolio_lives_as_expected(tmp_path: Path) -> None:
    """200 days of 52 organisations, on the real servers and over HTTP, happen exactly as `examples/` says; exit code 0.

    Among them: paid and trial expiry (RP-01, RP-05), restored on day 59 (RP-03), recordings kept by another licence
    (RP-06), activity before and after the warning (AC-02, AC-03, AC-07), a new trial (DP-01, DP-06), a pending request
    (DP-05), partner organisations (DM-02), own request (DM-11, DM-12), nobody to mail (DM-17), a silent feed (SF-03), the
    breaker (SF-05), an abort and a late event (SF-11). Trials begin on each path (TR-12), are refused (TR-02, TR-03, TR-09,
    TR-14 to TR-19), consented to by link and in the console, declined, lapsed, withdrawn (CO-01 to CO-20), extended, edited,
    cancelled, converted by partner, distributor and customer (TC-01 to TC-20), and end with users, numbers and devices
    (GR-06 to GR-12, NR-01 to NR-05, DV-01 to DV-09); each mail comes once and while it is true (NO-01 to NO-09). One trial
    saves a marked organisation (DP-01), one acceptance resets a countdown (DP-05).

    Service providers bring in customers (ONB-01, ONB-04, ONB-07) that are clear (RPL-04), hit and approved (RPL-05, RPL-09),
    rejected (RPL-11), unresolved (RPL-10) or decided too late (RPL-07, RPL-08, RPL-12), reviewed by reviewers alone (RPL-14,
    RPL-15), held by a stale list (RPL-16), moved (RPL-02, RPL-17, RPL-18), met by an updated list (Q-32), provisioned in part
    and again (PRV-02 to PRV-06), within their quantities (PKG-06, PKG-11, ADD-02) and with administrators' packages (ADM-01 to
    ADM-03); with call-in numbers (CIN-03, CIN-04, CIN-09), payment states (BIL-03), the first launch (WIZ-02 to WIZ-06), a
    partner's own organisation (PO-07 to PO-09), and the end (Q-29). A trial's new customer is screened, too (Q-27). It takes its data away, and leaves
    nothing running.
    """
    record, data = tmp_path / "happened.jsonl", tmp_path / "data"
    data.mkdir(mode=0o711)
    tmp_path.chmod(0o711)
    done = subprocess.run(
        [sys.executable, "-m", "workers", "demo", "--exit", "--record", record],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(data), "TENURE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/never-used"},
        capture_output=True,
        text=True,
        timeout=60 * MINUTES,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    expected = read(EXPECTED)
    assert compare(expected, read(record)) == []
    assert f"All of the {len(expected)} expected events" in done.stdout
    assert list(data.iterdir()) == []
