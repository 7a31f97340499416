"""The documentation: links lead to what they name, though Swagger UI fills in the page above."""

from playwright.sync_api import expect

from tests.browser.board import OpenBoard


def test_a_link_opens_the_message_that_it_names(open_board: OpenBoard) -> None:
    somebody = open_board()
    page = somebody.page
    somebody.go("/docs")
    expect(page.locator("#swagger")).to_contain_text("/api/users/{user_id}")
    page.locator("#to-hello").locator("xpath=..").locator("summary").click()
    page.locator("#to-hello").get_by_role("link", name="welcome").click()
    expect(page.locator("#from-welcome")).to_be_in_viewport()


def test_a_link_from_elsewhere_leads_to_the_live_updates(open_board: OpenBoard) -> None:
    somebody = open_board()
    somebody.go("/docs#live")
    expect(somebody.page.locator("#swagger")).to_contain_text("/api/users/{user_id}")
    expect(somebody.page.get_by_role("heading", name="Live updates")).to_be_in_viewport()
