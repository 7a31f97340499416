"""What is typed: words that an input method makes, and more than fits."""

from playwright.sync_api import Locator, expect

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


def test_what_is_pasted_is_never_cut_and_what_is_too_long_is_refused_with_the_number(
    ann: Board,
) -> None:
    page = ann.page
    area, room = page.locator("#text"), page.locator("#composer .room")

    def paste(field: Locator, text: str) -> None:
        field.focus()
        page.keyboard.insert_text(text)

    paste(area, "🙂" * 7000)
    expect(area).to_have_value("🙂" * 7000)
    expect(room).to_have_count(0)
    paste(area, "x" * 2900)
    expect(room).to_have_text("100 characters left")
    paste(area, "y" * 112)
    expect(room).to_have_text("12 characters too many, 10,000 fit.")
    area.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Too long: 12 characters too many, 10,000 fit.")
    expect(area).to_be_focused()
    longest = "🙂" * 7000 + "x" * 2900 + "y" * 100
    area.fill(longest)
    expect(room).to_have_text("0 characters left")
    area.press("Enter")
    ann.shows([longest])
    expect(room).to_have_text("")
    ann.act(ann.post("🙂"), "Edit")
    editor = page.get_by_label("Text of the post")
    paste(editor, "!")
    editor.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Too long: 1 character too many, 10,000 fit.")
    editor.press("Escape")
    page.locator("#new-group").click()
    form = page.locator("#make-group")
    paste(form.get_by_label("Name"), "n" * 81)
    expect(form.locator(".room")).to_have_text("1 character too many, 80 fit.")
    form.get_by_role("button", name="Create group").click()
    expect(form.locator(".wrong")).to_have_text("It should have at most 80 characters")
    page.keyboard.press("Escape")
    page.locator("#new-group").click()
    expect(form.locator(".room")).to_have_text("")
