"""The text of posts: what is written as Markdown is shown so, and nothing in it ever runs."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.board import Board

MAX_CHARS = 10_000
AT_ONCE_MS = 2_000  # on slow machines; where it takes more, it takes far more
ALLOWED = "p, ul, ol, li, blockquote, strong, em, s, code, pre, a"
SHOWN = {
    "see https://example.org/a_b_c. Or": '<p>see <a href="https://example.org/a_b_c">',
    'https://example.org/"onclick="alert(1)': '<a href="https://example.org/%22onclick=%22alert(1)">',
    "[the plan](https://example.org)": '<a href="https://example.org">the plan</a>',
    "write to <ann@example.org>": '<a href="mailto:ann@example.org">ann@example.org</a>',
    "*so* **very** ~~wrong~~": "<em>so</em> <strong>very</strong> <s>wrong</s>",
    "run `rm *`": "run <code>rm *</code>",
    "```js\nlet x = 1 < 2;\n```": "<pre><code>let x = 1 &lt; 2;\n</code></pre>",
    "- tea\n- cake": "<ul><li>tea</li><li>cake</li></ul>",
    "3. three\n4. four": '<ol start="3"><li>three</li><li>four</li></ol>',
    "2) two": '<ol start="2" class="bracketed"><li>two</li></ol>',
    "512. points": '<ol start="512" class="high"><li>points</li></ol>',
    "http://ann:pw@example.org/": '<a href="http://ann:pw@example.org/">http://ann:pw@example.org/</a>',
    "> who said this?": "<blockquote><p>who said this?</p></blockquote>",
    "one\n  two\nthree": "<p>one\n  two\nthree</p>",
    "first\n\nsecond": "<p>first</p><p>second</p>",
}
AS_TYPED = [
    "# no heading",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "Title\n=====",
    "main.py and example.org",
    "&lt;b&gt; &amp; &#x41;",
    "```",
    "<b>bold</b><br><!-- nothing -->",
    "<script>document.title = 'run'</script>",
    "<img src=x onerror=\"document.title = 'run'\">",
    "<svg onload=\"document.title = 'run'\"><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "<iframe srcdoc='<script>parent.document.title = 1</script>'></iframe>",
    "<style>body { display: none }</style>",
    "[run](javascript:alert(1))",
    "[run](JaVaScRiPt:alert(1))",
    "[run](&#106;avascript:alert(1))",
    "[run](java\tscript:alert(1))",
    "[run](data:text/html,<script>alert(1)</script>)",
    "[run](vbscript:msgbox)",
    "[here](/board)",
    "[here](//example.org)",
    "[here](file:///etc/passwd)",
    "<javascript:alert(1)>",
    "[[[[[x](y](z]((",
]
PATTERNS = [
    *("[", "*", ">", "_", "`", "~", "<", "\\", "](", "[a](", "![", "* ", "- ", "1. ", "> - "),
    *("**a", "_a*", "**_", "[[](", "```\n", "`a``", "<http://", "http://a.b/(", "mailto:a@"),
    *("@bob ", "@_", "_@", "&amp;", "~~~\n", "--form\n"),
]
LONGER = 7  # times as many characters as a post has
MOST_GROWN = 28  # of linear work 7, of quadratic 49
UNNOTICED_MS = 2


def markup(post: Locator) -> str:
    html = post.locator(".text").inner_html()
    return re.sub(r' (rel|target|title|tabindex)="[^"]*"', "", html)


def test_links_code_lists_quotes_and_emphasis_are_shown_as_such(ann: Board) -> None:
    for number, (text, html) in enumerate(SHOWN.items()):
        ann.write(text)
        post = ann.page.locator("#posts > .post").nth(number)
        expect(post).to_be_visible()
        assert html in markup(post), text
    for link in ann.page.locator("#posts .text a").all():
        expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
        expect(link).to_have_attribute("target", "_blank")


def test_editing_shows_the_text_as_it_was_typed(ann: Board) -> None:
    ann.write("**Cake** for all")
    ann.act(ann.post("Cake"), "Edit")
    editor = ann.page.get_by_label("Text of the post")
    expect(editor).to_have_value("**Cake** for all")
    editor.press("Escape")
    expect(ann.post("Cake").locator(".text strong")).to_have_text("Cake")


def test_whatever_else_is_written_is_shown_as_it_was_typed_and_never_run(ann: Board) -> None:
    for number, text in enumerate(AS_TYPED):
        ann.write(text)
        shown = ann.page.locator("#posts > .post .text").nth(number)
        expect(shown).to_have_text(text)
        expect(shown.locator("a")).to_have_count(0)
    expect(ann.page.locator(f"#posts .text *:not({ALLOWED})")).to_have_count(0)
    expect(ann.page).to_have_title("general · Class · Homeroom")


def test_hostile_texts_are_rendered_at_once_and_nothing_of_them_is_lost(ann: Board) -> None:
    for pattern in PATTERNS:
        text = (pattern * MAX_CHARS)[:MAX_CHARS]
        took_ms, shown = ann.page.evaluate(
            """async (text) => {
              const { formatted } = await import("/static/posts/formatted.js");
              const begun = performance.now();
              const place = document.createElement("div");
              place.append(...formatted(text));
              return [performance.now() - begun, place.textContent];
            }""",
            text,
        )
        assert took_ms < AT_ONCE_MS, f"{pattern}: {took_ms} ms"
        assert shown.strip(), pattern
    ann.write("above\n\n" + "> " * 30 + "deep down")
    expect(ann.post("above")).to_contain_text("deep down")


def test_the_work_to_show_a_text_grows_with_its_length(ann: Board) -> None:
    """It takes seconds: what is quadratic shows in long texts only."""
    growth = ann.page.evaluate(
        """async ([patterns, chars, longer, most, unnoticed]) => {
          const { formatted } = await import("/static/posts/formatted.js");
          const work = (text) => {
            const begun = performance.now();
            document.createElement("div").append(...formatted(text, "bob"));
            return performance.now() - begun;
          };
          const grown = (pattern) => {
            let [short, long, tries] = [Infinity, Infinity, 20]; // others may be at work
            do {
              short = Math.min(short, work(pattern.repeat(chars).slice(0, chars)));
              long = Math.min(long, work(pattern.repeat(chars * longer).slice(0, chars * longer)));
            } while (long > most * Math.max(short, unnoticed) && --tries);
            return long / Math.max(short, unnoticed);
          };
          return Object.fromEntries(patterns.map((pattern) => [pattern, grown(pattern)]));
        }""",
        [PATTERNS, MAX_CHARS, LONGER, MOST_GROWN, UNNOTICED_MS],
    )
    assert {pattern: by for pattern, by in growth.items() if by > MOST_GROWN} == {}
