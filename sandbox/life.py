"""People around an account, for who looks at a page: followers, and stories that wait.

What such an account has behind it and ahead is not Instagram's to tell: `PEOPLE` and `POSTS` are
for whoever keeps its history.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sandbox.world.person import Person
from sandbox.world.pictures import photo_of, video_of
from sandbox.world.world import World

# Who mentions the account: name, full name, followers, picture, what their story says.
PEOPLE = (
    ("lena.morgen", "Lena Morgenstern", 4_210, "coffee", "Best corner of the house ☕ @{me}"),
    ("jonas.brews", "Jonas Bråten", 890, "evening", "Friday, finally"),
    ("carla.moves", "Carla Ruiz", 18_400, "path", "Day 3 and no signal 🥾"),
    ("anna.portrait", "Anna Berg", 2_730, "cat", "He approves of the new print @{me}"),
    ("emil.utomhus", "Emil Lindqvist", 655, "mountains", "First snow up there"),
    ("hana.tea", "羽奈 Hana", 1_120, "fig", "いちじく、ありがとう"),
    ("mila.film", "Mila Novák", 9_340, "sunset", "Shot on the last roll"),
    ("ben_landscape", "Ben Okafor", 31_900, "stream", "Two hours for this one"),
    ("frida.paints", "Frida Castillo", 5_480, "brushes", "Workshop with @{me} on Sunday!"),
    ("omar.oudh", "عمر حداد", 2_050, "evening", "مساء الخير من المقهى"),
    ("gustav.run", "Gustav Nyman", 377, "dandelions", "Slow morning run"),
    ("cafe.nordlys", "Café Nordlys", 12_600, "coffee", "New beans, thanks to @{me}"),
    ("dora_private", "Dora", 140, "dogs", "They waited for me 🐾"),
    ("sky.diary", "Priya Raman", 7_710, "stars", "Clear sky at last"),
    ("launch.fan", "Theo Marchetti", 3_300, "rocket", "3, 2, 1"),
    ("eileen.reads", "Eileen Moore", 990, "astronaut", "Found this in the archive"),
)
# The account's own posts: picture and caption.
POSTS = (
    ("coffee", "Open from seven tomorrow. Bring your own cup, the first one is on us."),
    ("mountains", "Aitzgorri in October. Prints in three sizes from Friday."),
    ("brushes", "Six places left in Sunday's workshop. Beginners welcome."),
    ("stream", "An hour by the water before work."),
    ("fig", "Autumn menu: fig, goat cheese, too much honey."),
    ("dogs", "The management is at the window again."),
    ("sunset", "Last light of the year up here."),
    ("evening", "Records, wine and a drum nobody can play. Thursday, eight."),
    ("cat", "Quality control."),
)
VIDEOS = ("stream",)
# So many of the people have mentioned the account today.
WAITING = 9


@dataclass(frozen=True, slots=True)
class Pictures:
    """The files of a life: photos by the picture that they show, and videos."""

    stories: dict[str, Path]
    posts: dict[str, Path]
    videos: dict[str, Path]


def draw(folder: Path) -> Pictures:
    """Write all pictures of a life. Blocks for some seconds."""
    folder.mkdir()
    made = Pictures({}, {}, {})
    for name in {shown for _, _, _, shown, _ in PEOPLE[:WAITING]} - set(VIDEOS):
        made.stories[name] = folder / f"story-{name}.jpg"
        photo_of(name, made.stories[name], 720, 1280)
    for name in {shown for shown, _ in POSTS}:
        made.posts[name] = folder / f"{name}.jpg"
        photo_of(name, made.posts[name], 864, 1080)
    for name in VIDEOS:
        made.videos[name] = folder / f"{name}.mp4"
        video_of(name, made.videos[name], 432, 768, seconds=3.5)
    return made


def move_in(world: World, me: Person, made: Pictures) -> None:
    """Let everybody be there and follow the account, and some have mentioned it today."""
    for number, (username, full_name, followers, shown, text) in enumerate(PEOPLE):
        person = world.find_person(username=username) or world.add_person(username)
        person.full_name, person.followers = full_name, followers
        world.follow(person, me)
        world.follow(me, person)
        if number >= WAITING:
            continue
        file = made.videos.get(shown) or made.stories[shown]
        at = world.now() - 1500 - 4000 * number
        story = world.add_story(
            person, file, mentions=[me], caption=text.format(me=me.username), taken_at=at
        )
        world.mention(story, me, at=at)
    me.followers = 8_214
