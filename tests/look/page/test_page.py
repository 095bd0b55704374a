"""Page: one file with all in it, whose texts cannot act, and which says by a hash what may run."""

import json
import re
import zlib
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from cutaway.look.page import page as module
from cutaway.look.page.page import MODULES, Samples, Story, page, short

HOSTILE = "</script><img src=x onerror=alert(1)>\u2028&amp;<!--"


def story(**changes):
    rng = np.random.default_rng(0)
    layers = [[rng.normal(size=shape).astype(np.float32)] for shape in ((5, 3), (4, 2))]
    none = np.zeros(0, np.int64)
    samples = Samples(x=np.zeros((1, 4)), numbers=none, labels=none, outputs=np.zeros((1, 2)))
    return Story(**{
        "title": "a run", "told": "", "sizes": (4, 3, 2), "activations": ("relu", "softmax"),
        "names": ("a", "b"), "shape": None, "steps": (0,), "epochs": (0,), "layers": layers,
        "samples": samples, **changes,
    })  # fmt: skip


class Elements(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found, self.texts, self.open = [], {}, None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        self.open = dict(attributes).get("id") or tag

    def handle_endtag(self, _):
        self.open = None

    def handle_data(self, data):
        self.texts[self.open] = self.texts.get(self.open, "") + data


def test_nothing_in_it_is_fetched():
    html = page(story()).html
    for tag, attributes in Elements(html).found:
        assert not {"src", "href", "srcset", "action"} & set(attributes), tag
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
    script = Elements(html).texts["script"]
    assert not re.search(
        r"\beval\b|new Function|innerHTML|insertAdjacentHTML|document\.write", script
    )


def test_its_policy_names_its_own_script_and_style_by_hash_and_nothing_else():
    elements = Elements(page(story()).html)
    (policy,) = (a["content"] for t, a in elements.found if a.get("http-equiv"))
    for kind in ("script", "style"):
        digest = b64encode(sha256(elements.texts[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_texts_of_others_stay_texts():
    html = page(story(title=HOSTILE, told=HOSTILE, names=(HOSTILE, "b"))).html
    elements = Elements(html)
    assert [tag for tag, _ in elements.found] == [
        tag for tag, _ in Elements(page(story(title="t", told="t")).html).found
    ]
    facts = json.loads(elements.texts["facts"])
    assert facts["title"] == short(HOSTILE, 80)
    assert facts["names"][0] == "</script><img src=x one…"
    assert "\u2028" not in html


def test_a_megabyte_of_text_is_cut():
    assert len(page(story(title="x" * 1_000_000, names=("\x00" * 1_000_000, "b"))).html) < 200_000


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [("two\nlines", 20, "two lines"), ("abcdef", 4, "abc…"), ("a\x07\u202eb", 9, "a\ufffd\ufffdb")],
)
def test_a_short_text_is_a_line_that_can_be_seen(text, most, shown):
    assert short(text, most) == shown


def test_every_module_is_in_it_and_none_twice():
    assert sorted(MODULES) == sorted(p.stem for p in Path(module.__file__).parent.glob("*.mjs"))
    script = Elements(page(story()).html).texts["script"]
    assert not re.search(r"^(import|export) ", script, re.MULTILINE)


def test_many_losses_are_thinned_but_not_at_the_start():
    facts = json.loads(Elements(page(story(losses=np.ones(200_000))).html).texts["facts"])
    (row,) = (row for row in facts["table"] if row["name"] == "loss.step")
    assert 5_000 < row["shape"][0] < 20_000
    data = b64decode(Elements(page(story(losses=np.ones(200_000))).html).texts["payload"])
    steps = np.frombuffer(zlib.decompress(data[row["start"] : row["end"]]), np.int32)
    assert (*steps[:500], steps[-1]) == (*range(1, 501), 200_000)


def test_a_notebook_shows_it_in_a_frame_that_can_do_nothing_else():
    shown = page(story(title=HOSTILE))._repr_html_()
    ((tag, attributes),) = Elements(shown).found
    assert (tag, attributes["sandbox"]) == ("iframe", "allow-scripts allow-downloads")
    assert attributes["srcdoc"] == page(story(title=HOSTILE)).html
