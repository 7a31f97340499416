"""What is typed: words that an input method makes, and more than fits."""

from playwright.sync_api import expect

from tests.browser.board import Board

CONFIRMING = """(field, key) => {
  for (const kind of ["compositionstart", "compositionend"]) {
    field.dispatchEvent(new CompositionEvent(kind, { data: "会議", bubbles: true }));
  }
  const pressed = { key, keyCode: 229, bubbles: true, cancelable: true };
  return field.dispatchEvent(new KeyboardEvent("keydown", pressed));
}"""


def test_the_key_that_confirms_a_japanese_word_on_safari_does_nothing_else(ann: Board) -> None:
    page = ann.page
    area = page.locator("#text")
    area.fill("会議")
    assert area.evaluate(CONFIRMING, "Enter"), "it is left to the browser"
    expect(area).to_have_value("会議")
    area.press("Enter")
    ann.shows(["会議"])
    ann.act(ann.post("会議"), "Edit")
    editor = page.get_by_label("Text of the post")
    editor.fill("会議室")
    for key in ("Enter", "Escape"):
        assert editor.evaluate(CONFIRMING, key)
    expect(editor).to_have_value("会議室")
    editor.press("Enter")
    ann.shows(["会議室"])
    ann.act(ann.post("会議室"), "Reply")
    reply = page.locator("#reply-text")
    reply.fill("はい")
    for key in ("Enter", "Escape"):
        assert reply.evaluate(CONFIRMING, key)
    expect(reply).to_have_value("はい")
    expect(page.locator("#thread")).to_be_visible()
    page.keyboard.press("Control+k")
    search = page.locator("#search-field")
    search.fill("会議")
    expect(page.locator("#search-results li")).to_have_count(1)
    for key in ("ArrowDown", "Enter", "Escape"):
        assert search.evaluate(CONFIRMING, key)
    expect(page.locator("#search")).to_be_visible()
