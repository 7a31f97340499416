"""The part of a page that asks for an export, shows how far it is, and leads to its file."""

from zipfile import ZipFile

from playwright.sync_api import expect

from tests.browser.board import Board

SHOWN = """async ([groupId, me]) => {
  const { Export } = await import("/static/lists/export.js");
  const { Live } = await import("/static/live.js");
  const live = new Live({ user: me });
  live.connect();
  document.querySelector("#main").prepend(new Export(live, groupId).element);
}"""


def test_an_owner_asks_for_an_export_and_downloads_it_there(ann: Board) -> None:
    ann.write("It is all in there.")
    expect(ann.post("It is all in there.")).to_be_visible()
    me = ann.ask("/me", method="GET")["id"]
    main = ann.page.get_by_role("main")
    ann.page.evaluate(SHOWN, [ann.group_id, me])
    asking = main.get_by_role("button", name="Export", exact=True)
    download = main.get_by_role("link", name="Download")
    expect(download).to_be_hidden()
    asking.press("Enter")
    expect(main.get_by_role("status").filter(has_text="Here until")).to_be_visible()
    with ann.page.expect_download() as fetched:
        download.click()
    assert fetched.value.suggested_filename.startswith("Class, ")
    with ZipFile(fetched.value.path()) as opened:
        assert b"It is all in there." in opened.read("posts.html")
    ann.page.reload()
    ann.is_live()
    ann.page.evaluate(SHOWN, [ann.group_id, me])
    expect(download).to_be_visible()
    expect(main.get_by_role("button", name="Export again")).to_be_enabled()
