"""The frame of a report: one HTML file that needs nothing else, in light and dark."""

from collections.abc import Sequence
from html import escape as escape

STYLE = """
:root { color-scheme: light dark; --page: #fcfcfa; --card: #ffffff; --ink: #1d2127; --soft: #5d6671;
  --line: #e3e5e8; --good: #0f7b53; --bad: #b3421c; --accent: #3b7ddd; }
@media (prefers-color-scheme: dark) { :root { --page: #14171b; --card: #1b1f25; --ink: #e6e8eb;
  --soft: #9aa4b0; --line: #2d333b; --good: #4cc38a; --bad: #f08a5d; --accent: #6ea4f4; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); line-height: 1.5;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 40px 28px 80px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h1[id] { margin-top: 72px; padding-top: 24px; border-top: 3px solid var(--line); }
h2 { font-size: 19px; margin: 48px 0 6px; padding-top: 20px; border-top: 1px solid var(--line); }
h3 { font-size: 15px; margin: 22px 0 6px; }
p { margin: 6px 0 12px; max-width: 78ch; }
a { color: var(--accent); }
.soft { color: var(--soft); }
.verdict { margin: 20px 0; padding: 16px 20px; background: var(--card);
  border: 1px solid var(--line); border-left: 4px solid var(--accent); border-radius: 6px; }
.verdict p { margin: 4px 0; max-width: none; }
.banner { background: var(--bad); color: var(--page); font-weight: 600; padding: 12px 20px;
  margin: 0 0 24px; border-radius: 6px; }
.good { color: var(--good); font-weight: 600; } .bad { color: var(--bad); font-weight: 600; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  padding: 10px 14px; }
.tile b { display: block; font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 13px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: 5px 14px 5px 0; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { font-weight: 600; color: var(--soft); font-size: 13px; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; }
.wrapping :is(th, td) { white-space: normal; text-align: left; vertical-align: top; }
.wrapping td:nth-child(-n + 3) { white-space: nowrap; }
td.best { font-weight: 650; }
svg { width: 100%; height: auto; display: block; overflow: visible; }
.row { display: flex; flex-wrap: wrap; gap: 20px; align-items: flex-start; }
.row > * { flex: 1 1 420px; min-width: 0; max-width: 640px; }
.clips { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 18px; }
figure { margin: 0; } figcaption { font-size: 13px; color: var(--soft); margin-top: 4px; }
figure img { max-width: 100%; border-radius: 4px; display: block; }
img.pixels { image-rendering: pixelated; }
img.wide { width: 100%; image-rendering: pixelated; }
audio { width: 100%; height: 30px; margin-top: 6px; }
.legend { display: flex; flex-wrap: wrap; gap: 16px; font-size: 13px; margin: 8px 0; }
.legend i { display: inline-block; width: 11px; height: 11px; border-radius: 50%;
  margin-right: 6px; }
.neighbours { display: grid; gap: 4px; }
.neighbours div { display: flex; gap: 4px; align-items: center; }
.neighbours img { width: 60px; height: 60px; image-rendering: pixelated; border-radius: 3px;
  border: 3px solid transparent; }
.neighbours img.match { border-color: var(--good); }
.neighbours img.query { margin-right: 12px; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  padding: 12px 16px; overflow-x: auto; font-size: 13px; white-space: pre-wrap; overflow-wrap:
  anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; font-size: 14px;
  margin: 8px 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
summary { cursor: pointer; color: var(--soft); }
"""


def page(title: str, body: str) -> str:
    """The whole file. No script, no reference to anything outside it."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def heading(title: str, anchor: str = "") -> str:
    """The heading of a page, or of a large part of it that links may lead to."""
    return (
        f'<h1 id="{escape(anchor)}">{escape(title)}</h1>' if anchor else f"<h1>{escape(title)}</h1>"
    )


def banner(*lines: str) -> str:
    """What nobody may overlook."""
    return f'<div class="banner">{"<br>".join(map(escape, lines))}</div>' if lines else ""


def section(title: str, *parts: str, intro: str = "") -> str:
    """A heading with what belongs under it; nothing at all without content."""
    if not any(parts):
        return ""
    text = f'<p class="soft">{escape(intro)}</p>' if intro else ""
    return f"<h2>{escape(title)}</h2>{text}{''.join(parts)}"


def paragraph(text: str, soft: bool = False) -> str:
    """Running text, `soft` in the colour of remarks."""
    return f"<p{' class=soft' if soft else ''}>{escape(text)}</p>"


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    best: Sequence[int | None],
    anchors: Sequence[str] = (),
) -> str:
    """A table of ready texts.

    Args:
        header: one text a column.
        rows: one text a cell.
        best: for each row the column to stress, or None.
        anchors: for each row where on the page its first cell leads; empty: nowhere.
    """
    head = "".join(f"<th>{escape(text)}</th>" for text in header)
    body = ""
    for number, (row, stressed) in enumerate(zip(rows, best, strict=True)):
        texts = [escape(text) for text in row]
        if anchors and anchors[number]:
            texts[0] = f'<a href="#{escape(anchors[number])}">{texts[0]}</a>'
        cells = "".join(
            f"<td{' class=best' if column == stressed else ''}>{text}</td>"
            for column, text in enumerate(texts)
        )
        body += f"<tr>{cells}</tr>"
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def wrapping(table: str) -> str:
    """A table of long texts: from the fourth column on they break into lines."""
    return f'<div class="wrapping">{table}</div>'


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Names and values, one below the other; empty values are left out."""
    items = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs if value
    )
    return f"<dl>{items}</dl>"


def tiles(pairs: Sequence[tuple[str, str]]) -> str:
    """Large values with their names; empty values are left out."""
    items = "".join(
        f'<div class="tile"><b>{escape(value)}</b><span>{escape(name)}</span></div>'
        for name, value in pairs
        if value
    )
    return f'<div class="tiles">{items}</div>'


def picture(uri: str, caption: str = "", kind: str = "") -> str:
    """An embedded picture; kind "pixels" keeps pixels sharp, "wide" also fills the width."""
    kind = f' class="{kind}"' if kind else ""
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img{kind} src="{uri}" alt="{escape(caption)}">{below}</figure>'


def legend(entries: Sequence[tuple[str, str]]) -> str:
    """Coloured dots with names."""
    items = "".join(
        f'<span><i style="background:{colour}"></i>{escape(name)}</span>'
        for name, colour in entries
    )
    return f'<div class="legend">{items}</div>'


def preformatted(text: str) -> str:
    """Text as typed: commands, configuration."""
    return f"<pre>{escape(text)}</pre>"


def folded(summary: str, content: str) -> str:
    """Content that opens on a click."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"
