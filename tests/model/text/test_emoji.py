"""Emoji are told from anything else, and each has one spelling."""

import pytest

from model.text.emoji import one_emoji

# ruff: noqa: RUF001, SIM905 - a symbol that looks like a letter; a list that can be read
FULLY_QUALIFIED = (
    "👍 ❤️ ‼️ ℹ️ 〰️ ㊗️ 🅰️ 🌡️ ✅ ⭐ 🀄 ☝🏽 🩷 🫪 👩‍👩‍👧‍👦 🇩🇪 1️⃣ #️⃣ 👁️‍🗨️ 🏳️‍🌈 🏴‍☠️ ⛓️‍💥 👨🏽‍⚕️ "
    "⛹️‍♂️ ⛹🏽‍♂️ ❤️‍🔥 👩🏽‍❤️‍💋‍👨🏻 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🫱🏻‍🫲🏿 🙂‍↔️ 🧑‍🦽‍➡️"
).split()


@pytest.mark.parametrize("emoji", FULLY_QUALIFIED)
def test_an_emoji_is_the_same_however_a_keyboard_spells_it(emoji: str) -> None:
    bare = emoji.replace("\ufe0f", "")
    for spelt in (emoji, bare, emoji.replace("\ufe0f", "\ufe0e"), f"{bare}\ufe0f"):
        assert one_emoji(spelt) == emoji


@pytest.mark.parametrize(
    "text",
    ["", "x", "1", "é", "天", ".", " ", "\0", "👍x", "👍👍", "👍\u200d", "🇩", "🇩🇪🇩🇪", "\ufe0f"],
)
def test_nothing_else_is_an_emoji_nor_are_two(text: str) -> None:
    assert one_emoji(text) is None
