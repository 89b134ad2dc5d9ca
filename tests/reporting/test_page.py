"""The frame of the page: everything is escaped, nothing points outside."""

import re
from html.parser import HTMLParser

import pytest

from nsca.reporting import page

EVIL = '<b onclick="x">&</b>'


@pytest.mark.parametrize(
    "made",
    [
        page.page(EVIL, ""),
        page.section(EVIL, "x"),
        page.section("title", "x", intro=EVIL),
        page.heading(EVIL),
        page.heading("title", EVIL),
        page.banner("", EVIL),
        page.paragraph(EVIL),
        page.table([EVIL], [[EVIL]], [None]),
        page.wrapping(page.table(["x"], [["x"]], [None], [EVIL])),
        page.facts([(EVIL, EVIL)]),
        page.tiles([(EVIL, EVIL)]),
        page.picture("data:,", EVIL),
        page.legend([(EVIL, "#fff")]),
        page.preformatted(EVIL),
        page.folded(EVIL, "x"),
    ],
)
def test_texts_are_escaped(made: str):
    assert EVIL not in made
    assert "&lt;b onclick=&quot;x&quot;&gt;&amp;&lt;/b&gt;" in made


class Tags(HTMLParser):
    """Collects tags, and fails on one that closes what is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_is_whole_and_loads_nothing():
    parts = [
        page.section("One", page.paragraph("text", soft=True), page.facts([("a", "b")])),
        page.section("Two", page.table(["x", "y"], [["1", "2"]], [1]), page.tiles([("n", "v")])),
        page.folded("more", page.preformatted("code") + page.picture("data:,", "shown", "wide")),
        page.legend([("name", "#123456")]),
    ]
    text = page.page("title", "".join(parts))
    tags = Tags()
    tags.feed(text)
    assert not tags.open
    assert tags.seen.isdisjoint({"script", "link", "iframe", "object", "base"})
    assert not re.search(r"https?:|@import|url\(", text)
    assert "prefers-color-scheme: dark" in text


def test_what_is_empty_leaves_no_trace():
    assert page.banner() == ""
    assert page.section("title", "", "", intro="words") == ""
    assert "absent" not in page.facts([("absent", ""), ("there", "x")])
    assert "absent" not in page.tiles([("absent", ""), ("there", "x")])


def test_one_cell_of_a_row_is_stressed():
    made = page.table(["a", "b"], [["1", "2"], ["3", "4"]], [1, None])
    assert made.count("class=best") == 1
    assert "<td class=best>2</td>" in made
    with pytest.raises(ValueError, match="shorter"):
        page.table(["a"], [["1"], ["2"]], [None])


def test_a_row_leads_to_its_part_of_the_page():
    made = page.table(["step", "state"], [["a", "done"], ["b", "done"]], [None, None], ["a", ""])
    assert made.count("<a ") == 1
    assert '<td><a href="#a">a</a></td><td>done</td>' in made
    assert page.heading("Gate: a", "a") == '<h1 id="a">Gate: a</h1>'
