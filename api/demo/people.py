"""Who is in the class of `python main.py demo`, and what they look like."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """The colours of a drawn face; `hair` is how it falls."""

    background: str
    skin: str
    hair_colour: str
    hair: str
    shirt: str


@dataclass(frozen=True)
class Character:
    username: str
    name: str
    look: Look | None = None


PALE, LIGHT, OLIVE, BROWN, DARK = "#f3d6c2", "#eabf9f", "#d09b70", "#a0683f", "#70452a"

ADMIN = Character("robin", "Robin Sander")
TEACHER = Character(
    "lindqvist", "Ms Lindqvist", Look("#d3a5b5", LIGHT, "#8d6b46", "bob", "#32598c")
)
ASSISTANT = Character("adeyemi", "Mr Adeyemi", Look("#c9d6c0", DARK, "#1b1713", "short", "#7a3e3e"))
PUPILS = (
    Character("amara", "Amara Okafor", Look("#9aa5ad", DARK, "#1b1713", "curly", "#e0a63b")),
    Character("jonas", "Jonas Weber", Look("#e7d3b1", PALE, "#c29a4f", "short", "#3f7d6a")),
    Character("mia", "Mia Rossi", Look("#a9cf9d", LIGHT, "#4a2d1c", "long", "#c2543f")),
    Character("tomas", "Tomáš Novák", Look("#b9cbe3", PALE, "#7a5433", "short", "#55617a")),
    Character("leila", "Leila Haddad", Look("#e8c9a6", OLIVE, "#35628a", "scarf", "#35628a")),
    Character("ben", "Ben Carter"),
    Character("yuki", "Yuki Tanaka", Look("#f0c9cf", LIGHT, "#171418", "bob", "#5d5a9c")),
    Character("sofia", "Sofía Morales", Look("#c8e0da", OLIVE, "#2b1b14", "bun", "#d1743f")),
    Character("noah", "Noah Jensen"),
    Character("zofia", "Zofia Kowalska", Look("#e3dcc2", PALE, "#d8b56a", "long", "#8c4a6f")),
    Character("arjun", "Arjun Patel", Look("#cfd0e8", BROWN, "#15110f", "short", "#2f6f8f")),
    Character("chloe", "Chloé Martin", Look("#f2dcd0", PALE, "#9a3f22", "curly", "#4c7a46")),
    Character("elif", "Elif Yılmaz", Look("#bcd9d4", LIGHT, "#3a2418", "long", "#b8860b")),
    Character("liam", "Liam O’Brien", Look("#d9e6b8", PALE, "#b5592a", "short", "#46536b")),
    Character("ana", "Ana Silva"),
    Character("mateo", "Mateo Cruz", Look("#dfc6dd", BROWN, "#22170f", "curly", "#3d6d9e")),
    Character("hana", "Hana Kim", Look("#d6e2ee", PALE, "#1d1a1f", "bun", "#a34b5b")),
    Character("oskar", "Oskar Lind"),
)
EVERYBODY = (ADMIN, TEACHER, ASSISTANT, *PUPILS)
CHESS_CLUB = ("jonas", "amara", "yuki", "arjun", "liam", "elif", "adeyemi")
