"""Pages of runs, and a browser to open them in."""

import contextlib

import numpy as np
import pytest

import cutaway
from cutaway.job.run import run
from cutaway.learn.recipes import RECIPES


@pytest.fixture(scope="session")
def mnist_run(mnist, tmp_path_factory):
    """The folder of a `cutaway train --no-film` on MNIST."""
    out = tmp_path_factory.mktemp("run")
    run(RECIPES["lesson9"], mnist, out, pictures=False, page=False)
    return out


@pytest.fixture(scope="session")
def mnist_page(mnist_run, tmp_path_factory):
    """The file of that run's page."""
    path = tmp_path_factory.mktemp("page") / "look.html"
    cutaway.page(mnist_run, path)
    return path


@pytest.fixture(scope="session")
def browser_of():
    """Chromium, started once, when it is first asked for."""
    with contextlib.ExitStack() as stack:
        started = []

        def start(path):
            from playwright.sync_api import sync_playwright

            if not started:
                playwright = stack.enter_context(sync_playwright())
                browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
                stack.callback(browser.close)
                started.append(browser)
            return started[0]

        yield start


class Opened:
    """A page in a browser, with all that it has said and asked for."""

    def __init__(self, page, path):
        self.page, self.said, self.asked = page, [], []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(path if isinstance(path, str) else path.as_uri())

    def ready(self):
        """Wait until it has proved that it calculates right."""
        self.page.locator("body[data-self-check]").wait_for(state="attached")
        return self

    def text(self, selector):
        return self.page.locator(selector).first.text_content()

    def value(self, script, argument=None):
        return self.page.evaluate(script, argument)

    def frames(self, count=2):
        """Wait until so many frames were shown."""
        for _ in range(count):
            self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => done()))")

    def outputs(self):
        return [
            float(v.replace("\N{MINUS SIGN}", "-"))
            for v in self.page.locator("#bars .value").all_text_contents()
        ]

    def seen(self):
        """The form that the network sees, as ink from 0 to 255 (height, width); in light colours."""
        data, width = self.value(
            "() => { const on = document.getElementById('seen');"
            " return [[...on.getContext('2d').getImageData(0, 0, on.width, on.height).data], on.width]; }"
        )
        red = np.array(data, float).reshape(-1, width, 4)[..., 0]
        return np.rint((255 - red) / (255 - 38) * 255).astype(np.uint8)  # from paper to ink


@pytest.fixture
def opened(browser_of, chromium_path):
    """Open a page in a context of its own: opened(path, **settings of the context)."""
    contexts = []

    def open_(path, **settings):
        contexts.append(browser_of(chromium_path).new_context(**settings))
        return Opened(contexts[-1].new_page(), path)

    yield open_
    for context in contexts:
        context.close()
