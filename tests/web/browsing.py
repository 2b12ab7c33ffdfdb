"""A browser that complains about nothing: no error of a page, no refused style, no request elsewhere."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize

from tests.web.site import Site

PHONE: ViewportSize = {"width": 360, "height": 740}

_CONTRAST = """() => {
  const parts = c => c.match(/[\\d.]+/g).map(Number);
  const luminance = c => {
    const [r, g, b] = parts(c).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor;
      if ((parts(c)[3] ?? 1) > 0) return c;
    }
    return 'rgb(255, 255, 255)';
  };
  return [...document.querySelectorAll('body *')]
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.checkVisibility())
    .map(e => {
      const [light, dark] = [luminance(getComputedStyle(e).color), luminance(behind(e))].sort((a, b) => b - a);
      return [(light + .05) / (dark + .05), e.outerHTML.slice(0, 120)];
    });
}"""
"""The contrast of every text with what is behind it, as WCAG 2.2 computes it."""


_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@asynccontextmanager
async def browsing(browser: Browser, site: Site, **options: Any) -> AsyncIterator[BrowserContext]:
    """A fresh browser context; what it complains about fails the test, but for answers that refuse."""
    context = await browser.new_context(**options)
    complaints: list[str] = []
    context.on(
        "console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None
    )
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on(
        "request", lambda request: complaints.append(request.url) if not request.url.startswith(site.url) else None
    )
    yield context
    await context.close()
    assert [complaint for complaint in complaints if "status of 4" not in complaint] == []


async def enter(context: BrowserContext, site: Site, token: str, path: str) -> Page:
    """Open a page of the console with a session that has begun already: what a sign-in looks like is proved elsewhere."""
    form: dict[str, str | float | bool] = {"token": token}
    answer = await context.request.post(
        f"{site.url}/console/sign-in", form=form, headers={"Origin": site.url}, max_redirects=0
    )
    assert answer.status == 303
    page = await context.new_page()
    await page.goto(site.url + path)
    return page


async def faint_texts(page: Page) -> list[tuple[float, str]]:
    """Texts whose contrast is below 4.5, which WCAG AA asks of every size but the largest."""
    await page.wait_for_load_state()  # of its stylesheet, too
    return [(ratio, element) for ratio, element in await page.evaluate(_CONTRAST) if ratio < 4.5]


async def faults(page: Page) -> list[str]:
    """What axe-core finds wrong with a page, by WCAG 2.2 A and AA and what it calls best practice."""
    await page.wait_for_load_state()
    found = await Axe().run(page, options={"runOnly": _RULES, "resultTypes": ["violations"]})
    return [
        f"{violation['id']}: {violation['help']}: {node['html']}"
        for violation in found.response["violations"]
        for node in violation["nodes"]
    ]


async def width(page: Page) -> int:
    """How wide a page is, once it has its stylesheet."""
    await page.wait_for_load_state()
    return int(await page.evaluate("document.documentElement.scrollWidth"))
