"""What is unread shows wherever somebody looks: by channel, by group, on a phone, in the title."""

import re

from playwright.sync_api import expect

from tests.browser.board import Board, OpenBoard, joined

REPLACE_A_POST = """async (channel) => {
  const path = `/api/channels/${channel}/posts`;
  const headers = { "Content-Type": "application/json" };
  const write = (text) => fetch(path, { method: "POST", headers, body: JSON.stringify({ text }) });
  const { id } = await (await write("wrong")).json();
  await Promise.all([fetch(`/api/posts/${id}`, { method: "DELETE" }), write("right")]);
}"""


def test_whoever_has_more_channels_than_topics_opens_and_counts_the_last(
    ann: Board, open_board: OpenBoard
) -> None:
    path, names = f"/groups/{ann.group_id}/channels", [f"no. {n}" for n in range(1, 111)]
    with ann.away():
        *_, replaced, before, _ = [ann.ask(path, {"name": name})["id"] for name in names]
    bob = joined(open_board, ann)
    bob.to_channel("no. 110")
    bob.write("here")
    expect(bob.post("here")).to_have_count(1)
    expect(ann.channel("no. 110").locator(".count")).to_have_text("1 unread")
    expect(bob.page.locator("#notices")).to_be_empty()
    ann.to_channel("no. 109")
    ann.write("there")
    expect(bob.channel("no. 109").locator(".count")).to_have_text("1 unread")
    expect(bob.page).to_have_title(re.compile(r"^\(1\) no\. 110"))
    ann.page.evaluate(REPLACE_A_POST, replaced)
    expect(bob.channel("no. 108").locator(".count")).to_have_text("1 unread")
    bob.to_channel("no. 108")
    expect(bob.channel("no. 108").locator(".count")).to_have_count(0)
    bob.to_channel("no. 110")

    # A phone, and another group
    bob.page.set_viewport_size({"width": 390, "height": 780})
    menu = bob.page.locator("#menu")
    expect(menu).to_have_accessible_name("Groups and channels, with something to read")
    menu.click()
    bob.make_group("Club")
    expect(bob.page).to_have_title("• Club · Homeroom")
    expect(menu).to_have_accessible_name("Groups and channels, with something to read")
    of_class = bob.page.locator(f"#to-group-{ann.group_id}")
    expect(of_class).to_have_text("Class has something to read")

    # It is read on another device, and there is more
    other = bob.context.new_page()
    bob.watch(other)
    other.goto(f"{bob.server.url}/board#group={ann.group_id}&channel={before}")
    expect(bob.page).to_have_title("Club · Homeroom")
    expect(menu).to_have_accessible_name("Groups and channels")
    expect(of_class).to_have_text("Class")
    other.close()
    ann.write("once more")
    expect(bob.page).to_have_title("• Club · Homeroom")
