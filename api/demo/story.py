"""What the class of the demo has written, on which of its last school days, and how others took it.

`ago` is a school day counted backwards and the time of day, or of today how many minutes ago.
`reactions` are an emoji and who has added it: "👍 amara jonas, 🌱 mia".
"""

from dataclasses import dataclass

CLASS, CLUB = "Biology 7b", "Chess club"


@dataclass(frozen=True)
class Answer:
    """A reply, so many minutes after what it answers."""

    after: int
    by: str
    text: str
    reactions: str = ""


@dataclass(frozen=True)
class Reported:
    """Who has reported a post, after some minutes, and when a moderator has settled that."""

    after: int
    by: str
    reason: str
    settled: str = ""


@dataclass(frozen=True)
class Said:
    channel: str
    ago: str
    by: str
    text: str
    reactions: str = ""
    answers: tuple[Answer, ...] = ()
    files: tuple[str, ...] = ()
    is_pinned: bool = False
    reported: Reported | None = None


@dataclass(frozen=True)
class Place:
    """A channel, in which group it is, who belongs to a private one, and who made it."""

    name: str
    description: str
    kind: str = "open"
    group: str = CLASS
    by: str = "lindqvist"
    members: tuple[str, ...] = ()


PLACES = (
    Place("announcements", "From your teachers", "announce"),
    Place("general", "Everything that belongs nowhere else"),
    Place("homework", "What is due, and questions about it"),
    Place("field trip", "Pond and forest, with class 7a"),
    Place("school garden", "Sunflowers, beans and one brave tomato", by="adeyemi"),
    Place("games", "Made in the computing club. Beat them!", by="adeyemi"),
    Place("teachers", "Plans and marks", "private", members=("adeyemi",)),
    Place("openings", "One a week", group=CLUB, by="jonas"),
    Place("matches", "Who plays whom, Thursdays after school", group=CLUB, by="jonas"),
)

STORY = (
    Said("announcements", "11 07:50", "lindqvist",
        "Welcome to **Biology 7b**! From now on everything about our class is here: homework, "
        "the trip, the garden. Please put a picture into your account, so that we know you.",
        "👋 amara jonas mia yuki chloe arjun, ❤️ zofia hana"),
    Said("general", "11 08:05", "amara", "First! 🎉", "😂 jonas ben liam"),
    Said("general", "11 08:06", "ben", "Is this instead of the paper in the corridor?", answers=(
        Answer(9, "lindqvist", "Yes. The paper stays until Friday, then it goes.", "👍 ben tomas"),
        Answer(15, "liam", "RIP paper 2019 – this Friday", "😂 ben amara mateo noah, 🕯️ chloe"))),
    Said("homework", "11 12:30", "lindqvist",
        "For Thursday: **pages 42 to 45**, and the drawing of a plant cell.\n\n"
        "1. Name all parts\n2. Say in one sentence what each is for\n"
        "3. Which of them has an animal cell *not*?",
        "👍 amara mia yuki sofia arjun elif hana", answers=(
        Answer(205, "noah", "Does the drawing need colours?"),
        Answer(212, "mia", "She said pencil is fine", "🙏 noah"),
        Answer(260, "lindqvist", "Pencil is fine, labels are not optional 🙂", "👍 noah mia"))),
    Said("school garden", "10 10:20", "adeyemi",
        "Five pots are on the window sill, five in the shade of the shelf. Measure **every day "
        "before the first lesson**, write it down here, and do not talk to the plants. "
        "(You may talk to the plants.)",
        "🌻 amara mia sofia zofia hana, 😂 liam ben", is_pinned=True),
    Said("school garden", "10 10:41", "zofia", "Mine is called Greta.", "❤️ hana chloe sofia",
        answers=(Answer(4, "liam", "Mine is called Pot 4."),
                 Answer(11, "hana", "Pot 4 deserves better", "😂 zofia liam amara"))),
    Said("games", "10 15:10", "adeyemi",
        "The computing club has made two games: **snake**, and a **cell quiz** of twenty "
        "questions. Your best counts; the cup above shows the table.",
        "🏆 arjun tomas noah ben, 🎮 mateo"),
    Said("games", "10 16:02", "arjun", "340 in snake. Come and get me.", "🔥 tomas, 👀 ben yuki",
        answers=(Answer(31, "tomas", "Challenge accepted."),
                 Answer(900, "yuki", "410 🐍", "😱 arjun tomas ben, 🎉 hana"))),
    Said("teachers", "10 16:30", "lindqvist",
        "Can you take 7b on the pond day if 7a is short of a teacher? I would ask the parents "
        "of @adeyemi’s half only once we know.", "👍 adeyemi", answers=(
        Answer(25, "adeyemi", "Yes. I have the boots for it."),)),
    Said("field trip", "9 09:00", "lindqvist",
        "We go to the pond and the forest with 7a. The form has to be back, **signed**, "
        "two days before. Without it you stay with 8c, and they write a test that day.",
        "✅ amara mia yuki elif hana, 👀 ben", files=("Form.pdf",), is_pinned=True),
    Said("field trip", "9 09:12", "chloe", "Can we swim?", answers=(
        Answer(3, "lindqvist", "No."),
        Answer(5, "chloe", "Can we fall in?", "😂 amara liam mia ben arjun mateo"),
        Answer(8, "lindqvist", "Bring dry socks.", "🧦 chloe liam"))),
    Said("homework", "9 17:48", "sofia",
        "Is the *vacuole* in the drawing or only in the text? My book has two pictures.", answers=(
        Answer(14, "elif", "Both. Big and boring, in the middle"),
        Answer(22, "lindqvist", "Big and important! It keeps the plant upright.",
            "👍 sofia elif"))),
    Said("general", "8 08:30", "hana",
        "Lost: blue bottle with a whale on it, maybe in the lab 🐳", answers=(
        Answer(50, "oskar", "It is on the piano. No idea why."),
        Answer(58, "hana", "Thank you!! The whale can play now", "😂 oskar zofia, 🎹 chloe"))),
    Said("school garden", "8 08:40", "sofia",
        "Today:\n\n- pot 1: `2.0 cm`\n- pot 2: `1.8 cm`\n- pot 6, in the shade: `0.9 cm` 😔",
        "📏 adeyemi"),
    Said("announcements", "7 07:45", "lindqvist",
        "The lab is closed on Wednesday. We meet in **room 214** and look at what you have drawn.",
        "👍 amara jonas mia sofia yuki ana"),
    Said("homework", "7 15:20", "lindqvist",
        "Your cells were good! Most had the wall *inside* the membrane, so once more, loudly: "
        "the **wall is outside**.\n\n> A plant cell is a box with a bag in it.\n\n"
        "For Monday: worksheet *Photosynthesis*, both sides.",
        "👍 amara mia tomas arjun, 😅 ben noah liam", files=("Photosynthesis.pdf",)),
    Said("games", "7 16:45", "mateo", "cell quiz: 18 of 20. What is a *tonoplast*??", answers=(
        Answer(6, "amara", "The skin of the vacuole"),
        Answer(7, "mateo", "Why do you know this"),
        Answer(9, "amara", "19 of 20 🙂", "👏 mateo arjun, 🤓 ben"))),
    Said("general", "6 12:10", "liam",
        "Who has `print(\"snake\")` in the computing club and can explain to me why mine says "
        "`SyntaxError`?", answers=(
        Answer(12, "arjun", "Show the line before it. It is always the line before it.",
            "💯 tomas yuki adeyemi"),
        Answer(35, "liam", "It was the line before it", "😂 arjun tomas yuki"))),
    Said("openings", "6 16:00", "jonas",
        "This week: the **Italian game**. `1. e4 e5 2. Nf3 Nc6 3. Bc4`", "♟️ amara yuki arjun",
        answers=(Answer(40, "elif", "And then everybody attacks f7?"),
                 Answer(46, "jonas", "And then everybody *thinks* they attack f7"))),
    Said("school garden", "5 08:25", "mia",
        "Window against shade, after a week. It is not even close:",
        "😮 amara ben hana, 🌻 zofia sofia adeyemi", files=("Our sunflowers.png",), answers=(
        Answer(18, "adeyemi", "Beautiful. What would you change to be *sure* it is the light?",
            "🤔 arjun yuki"),
        Answer(31, "yuki", "Same soil, same water? The window is warmer, too.", "💯 adeyemi mia"),
        Answer(44, "mia", "We could put a lamp in the shade", "💡 adeyemi yuki"))),
    Said("matches", "5 15:30", "jonas",
        "Thursday: Amara – Yuki, Arjun – Liam, Elif – me. Mr Adeyemi brings the clocks.",
        "👍 amara yuki arjun liam elif adeyemi"),
    Said("announcements", "4 08:00", "adeyemi",
        "Computing club moves to **Tuesday, 15:00**. New people are welcome, snakes as well.",
        "🐍 tomas arjun yuki noah"),
    Said("homework", "4 18:05", "noah",
        "Question 3 on the sheet: does the oxygen come from the water or the carbon dioxide?",
        answers=(
        Answer(11, "tomas", "Carbon dioxide, it has an O in it"),
        Answer(16, "amara", "Water has an O in it, too 🙂", "😅 tomas"),
        Answer(61, "lindqvist", "From the **water**. People needed heavy oxygen to find out, in "
            "1941. @tomas your argument was theirs for a hundred years.",
            "🤯 noah tomas arjun ben"))),
    Said("general", "4 19:40", "ben", "Your drawing looked like a potato, Noah, no offence",
        reported=Reported(22, "elif", "This is mean, and Noah was sad about it.", "2 17:20"),
        answers=(
        Answer(13, "noah", "some offence"),
        Answer(700, "ben", "Sorry. It was a good potato. Yours was better than mine.", "❤️ noah"))),
    Said("school garden", "3 08:30", "hana", "They have reached for the sun over the weekend ☀️",
        "😍 zofia mia chloe amara, 📏 sofia", files=("Window sill.png",), answers=(
        Answer(6, "zofia", "GRETA IS NUMBER 4", "🎉 hana chloe liam sofia"),
        Answer(9, "liam", "Number 4 is Pot 4."))),
    Said("field trip", "3 09:30", "lindqvist",
        "**Friday at 8**, at the bus stop. Please bring\n\n- rubber boots, *and dry socks*\n"
        "- a jar with a lid\n- lunch\n\nStill no form from @ben, @oskar and @ana.",
        "✅ amara mia yuki tomas chloe, 👀 ben"),
    Said("field trip", "3 16:21", "ana", "Mine is in your pigeonhole, Ms Lindqvist",
        "🙏 lindqvist"),
    Said("games", "2 15:50", "tomas", "512. The door is open, the snake is home. 🐍🏠",
        reported=Reported(190, "ben", "Nobody gets 512. Can somebody look at his code?"),
        reactions="😱 arjun yuki mateo, 🏆 adeyemi", answers=(
        Answer(5, "arjun", "I have homework. That is the only reason."),
        Answer(71, "arjun", "530.", "😂 tomas yuki amara liam, 🔥 mateo"))),
    Said("matches", "2 17:10", "elif", "I have lost, but I had the better bishop", "♟️ jonas amara"),
    Said("teachers", "2 17:30", "adeyemi",
        "Report in general is settled: Ben has apologised by himself. I would leave it there.",
        "👍 lindqvist"),
    Said("homework", "1 13:15", "lindqvist",
        "For next week: read your **three favourite answers** on the sheet of somebody else, "
        "and write one question beside each.", "👍 mia yuki sofia hana elif"),
    Said("general", "1 14:02", "chloe", "Is anybody in the library this afternoon? @amara @mia?",
        answers=(Answer(7, "mia", "Until four, table by the window"),
                 Answer(9, "amara", "Coming!", "🏃 chloe mia"))),
    Said("field trip", "1 16:40", "jonas", "I have two nets at home. Does anybody have a third?"),
    Said("field trip", "0 95", "amara", "What grows at the pond, 400 times as large:",
        "🎉 lindqvist jonas mia, 😍 hana sofia", files=("Pondweed x400.png",), answers=(
        Answer(6, "lindqvist", "Lovely! And what are the green dots?"),
        Answer(9, "jonas", "Chloroplasts 🌱\n\n> They make sugar out of light.",
            "👍 lindqvist amara"),
        Answer(14, "amara", "And how many are in a cell? @jonas counted `38`, I had `41`."))),
    Said("announcements", "0 70", "lindqvist",
        "The trip is on! The weather people promise sun. @jonas has two nets, bring more.",
        "☀️ amara chloe mia hana"),
    Said("field trip", "0 48", "tomas", "The third net is mine. @jonas do you have the poles?"),
    Said("general", "0 31", "yuki", "Whoever has my ruler: it misses me", "📏 sofia, 😢 hana"),
    Said("field trip", "0 12", "mia",
        "Do we meet **in front of** the school or at the stop? @lindqvist"),
)  # fmt: skip

SCORES = (
    ("arjun", "snake", "10 16:00", 340), ("ben", "snake", "10 16:20", 115),
    ("yuki", "snake", "9 07:02", 410), ("mateo", "snake", "9 15:40", 265),
    ("noah", "snake", "8 15:32", 190), ("amara", "cell quiz", "7 16:30", 19),
    ("mateo", "cell quiz", "7 16:44", 18), ("sofia", "cell quiz", "6 17:10", 17),
    ("hana", "cell quiz", "6 18:00", 19), ("liam", "cell quiz", "5 16:15", 12),
    ("liam", "snake", "5 16:40", 305), ("zofia", "cell quiz", "4 16:50", 16),
    ("ben", "snake", "4 20:10", 280), ("tomas", "snake", "2 15:48", 512),
    ("arjun", "snake", "2 17:00", 530), ("jonas", "snake", "1 15:55", 475),
    ("elif", "cell quiz", "1 17:20", 20), ("liam", "cell quiz", "0 40", 15),
)  # fmt: skip
"""Who has set which score in which game, and when."""

DOCUMENTS = (
    ("homework", "timetable", "lindqvist", {"monday": ["lab", "lab"], "thursday": ["room 214"]}),
    ("games", "quiz/cells", "adeyemi", {"questions": 20, "topic": "cells", "seconds": 300}),
    ("games", "members/{me}/snake", "jonas", {"level": 6, "lives": 2}),
    ("school garden", "heights", "mia", {"window": [0, 1, 2, 4, 6.5, 9], "shade": [0, 0.5, 1, 2]}),
    (None, "settings", "jonas", {"snake": {"speed": "fast", "walls": False}}),
)
"""The channel, or one's own; the key; who has saved it; the body."""

UNREAD = {"jonas": ("announcements", "general", "games"), "lindqvist": ("field trip", "games")}
"""Where somebody has not read what is from today; everybody else has read everything."""
