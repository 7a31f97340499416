"""An owner asks for an export of her group, sees how far it is, and downloads its file."""

from zipfile import ZipFile

from playwright.sync_api import expect

from tests.browser.board import Board


def test_an_owner_asks_for_an_export_and_downloads_it_there(ann: Board) -> None:
    ann.write("It is all in there.")
    expect(ann.post("It is all in there.")).to_be_visible()
    ann.page.locator("#open-group").click()
    place = ann.page.locator("#export-group")
    asking = place.get_by_role("button", name="Export", exact=True)
    download = place.get_by_role("link", name="Download")
    expect(download).to_be_hidden()
    is_made = expect(place.get_by_role("status").filter(has_text="Here until"))
    with ann.meanwhile("**/exports", is_made.to_be_visible):
        asking.press("Enter")
    is_made.to_be_visible()
    expect(place.get_by_role("button", name="Export again")).to_be_focused()
    with ann.page.expect_download() as fetched:
        download.click()
    assert fetched.value.suggested_filename.startswith("Class, ")
    with ZipFile(fetched.value.path()) as opened:
        assert b"It is all in there." in opened.read("posts.html")
    ann.page.reload()
    ann.is_live()
    ann.page.locator("#open-group").click()
    expect(download).to_be_visible()
    expect(place.get_by_role("button", name="Export again")).to_be_enabled()
