"""What a card costs: `python -m bench.card [--json]`.

Photo cards of each template beside the naive way to make the classic one, run in turns; video
cards of 15 seconds for an easy source and for a hard one, on one core alone and on all; and a
story that is copied.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import trio
from av.container import OutputContainer
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

from repost.card import Design, compose
from repost.layout import CANVAS, Template, layout

PHOTO_SIZE = (3000, 4000)
VIDEO_SIZE, FPS, SECONDS = (1080, 1920), 30, 15
ROUNDS = 7
AUTHOR = "marta.fotografa"
Figures = dict[str, dict[str, dict[str, float]]]
FONT = Path("media/fonts/Inter-SemiBold.otf")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--once", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        print(json.dumps(once(*options.once)))
        return
    with TemporaryDirectory() as folder:
        figures = {"photo": photo_figures(Path(folder)), "video": {}}
        for name, scene in SCENES.items():
            figures["video"] |= video_cards(Path(folder) / name, name, scene)
    print(json.dumps(figures, indent=2) if options.json else as_text(figures))


def photo_figures(folder: Path) -> dict[str, dict[str, float]]:
    """Make cards both ways in turns, so that a busy machine troubles both alike."""
    photo = folder / "story.jpg"
    texture(PHOTO_SIZE).save(photo, quality=90)
    seconds: dict[str, list[float]] = {name: [] for name in MAKERS if name != "copy"}
    for _ in range(ROUNDS):
        for name, measured in seconds.items():
            measured.append(timed(partial(MAKERS[name], photo)))
    medians = {name: statistics.median(measured) for name, measured in seconds.items()}
    return {
        name: {
            "ms": median * 1000,
            "times_faster": medians["naive"] / median,
            "extra_mb": in_own_process(name, photo)["extra_mb"],
        }
        for name, median in medians.items()
    }


def make_card(design: Design, story: Path) -> None:
    trio.run(partial(compose, story, author=AUTHOR, directory=story.parent, design=design))


def make_naively(photo: Path) -> None:
    """The same picture as one would first write it: everything at full size."""
    image = ImageOps.exif_transpose(Image.open(photo)).convert("RGB")
    plan = layout(*image.size, 400)
    frame = plan.frame
    card = ImageOps.fit(image, CANVAS).filter(ImageFilter.GaussianBlur(96))
    card = card.point(lambda value: int(value * 0.6))
    place = (frame.x, frame.y, frame.x + frame.width, frame.y + frame.height)
    shadow = Image.new("L", CANVAS)
    ImageDraw.Draw(shadow).rounded_rectangle(place, 44, fill=150)
    card.paste(0, mask=shadow.filter(ImageFilter.GaussianBlur(32)))
    mask = Image.new("L", frame.size)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, *frame.size), 44, fill=255)
    card.paste(ImageOps.fit(image, frame.size), (frame.x, frame.y), mask)
    draw = ImageDraw.Draw(card, "RGBA")
    label = plan.label
    draw.rounded_rectangle(
        (label.x, label.y, label.x + label.width, label.y + label.height), 42, (12, 12, 14, 140)
    )
    centre = (label.x + label.width // 2, label.y + label.height // 2)
    draw.text(centre, f"@{AUTHOR}", "white", ImageFont.truetype(FONT, 44), anchor="mm")
    card.save(photo.with_name("naive.jpg"), quality=90)
    card.resize((270, 480)).save(photo.with_name("naive-small.jpg"), quality=85)


# Without a sticker the name must be drawn, so that nothing can be copied.
MAKERS: dict[str, Callable[[Path], None]] = {
    **{str(t): partial(make_card, Design(t, tagged=False)) for t in Template},
    "copy": partial(make_card, Design(Template.FULL_BLEED)),
    "naive": make_naively,
}


def timed(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def in_own_process(maker: str, story: Path, prefix: tuple[str, ...] = ()) -> dict[str, float]:
    """Make one card in a process of its own, so that its memory and CPU time are its own too."""
    command = [*prefix, sys.executable, "-m", "bench.card", "--once", maker, str(story)]
    told = subprocess.run(command, check=True, capture_output=True).stdout
    figures: dict[str, float] = json.loads(told)
    return figures


def once(maker: str, story: str) -> dict[str, float]:
    memory, cpu = peak_mb(), cpu_seconds()
    wall = timed(partial(MAKERS[maker], Path(story)))
    return {"extra_mb": peak_mb() - memory, "cpu_s": cpu_seconds() - cpu, "wall_s": wall}


def peak_mb() -> float:
    # Linux hands the peak in rusage down from the parent process; the one in /proc starts anew.
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def video_cards(
    folder: Path, name: str, scene: Callable[[Graph], None]
) -> dict[str, dict[str, float]]:
    """Make each template's card; of the hard scene only the classic one, and the copy."""
    folder.mkdir()
    source = folder / "story.mp4"
    write_video(source, scene)
    makers = [maker for maker in MAKERS if maker != "naive"]
    if scene is camera:
        makers = ["classic", "copy"]
    return {f"{name} {maker}": video_card(source, maker) for maker in makers}


def video_card(source: Path, maker: str) -> dict[str, float]:
    """Make the card on one core alone, then on all."""
    alone = in_own_process(maker, source, ("taskset", "--cpu-list", "0"))
    together = in_own_process(maker, source)
    made = max(source.parent.glob("card-*.mp4"), key=lambda path: path.stat().st_mtime)
    return {
        "source_mbit_s": source.stat().st_size * 8 / SECONDS / 1e6,
        "card_mbit_s": made.stat().st_size * 8 / SECONDS / 1e6,
        "one_core_cpu_s_per_media_s": alone["cpu_s"] / SECONDS,
        "one_core_wall_s_per_media_s": alone["wall_s"] / SECONDS,
        "all_cores_cpu_s_per_media_s": together["cpu_s"] / SECONDS,
        "all_cores_wall_s_per_media_s": together["wall_s"] / SECONDS,
    }


def cpu_seconds() -> float:
    """Return what this process and its ended children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def screen(graph: Graph) -> None:
    """An easy source: sharp shapes that move on a plain ground, as screen recordings have."""
    size = f"{VIDEO_SIZE[0]}x{VIDEO_SIZE[1]}"
    link(graph, ("testsrc2", f"size={size}:rate={FPS}"), ("noise", "alls=3:allf=t"))


def camera(graph: Graph) -> None:
    """A hard source: a hand-held pan over fine texture, with the noise of a sensor."""
    still = VideoFrame.from_image(texture((1400, 2300)))  # type: ignore[no-untyped-call]
    still.pts, still.time_base = 0, Fraction(1, FPS)
    size = f"{still.width}x{still.height}"
    source = graph.add("buffer", f"video_size={size}:pix_fmt=rgb24:time_base=1/{FPS}")
    first = link(
        graph,
        ("format", "yuv420p"),
        ("loop", "loop=-1:size=1"),
        ("setpts", "N"),
        ("crop", "1080:1920:160+120*sin(n/40)+4*sin(n/3):190+150*cos(n/60)+4*sin(n/2.7)"),
        ("noise", "alls=4:allf=t"),
    )
    source.link_to(first)
    graph.configure()
    source.push(still)
    source.push(None)


SCENES = {"screen": screen, "camera": camera}


def link(graph: Graph, *filters: tuple[str, str]) -> av.filter.context.FilterContext:
    nodes = [graph.add(name, arguments) for name, arguments in filters]
    graph.link_nodes(*nodes, graph.add("format", "yuv420p"), graph.add("buffersink"))
    return nodes[0]


def write_video(path: Path, scene: Callable[[Graph], None]) -> None:
    graph = Graph()
    scene(graph)
    graph.configure()
    rates = {"preset": "veryfast", "b": "5M", "maxrate": "6M", "bufsize": "9M"}
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=FPS, options=rates)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = VIDEO_SIZE
        sound = output.add_stream("aac", rate=44_100, layout="mono")
        for number in range(SECONDS * FPS):
            frame = graph.vpull()
            frame.pict_type, frame.pts, frame.time_base = 0, number, Fraction(1, FPS)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        write_tone(output, sound)


def write_tone(output: OutputContainer, stream: av.AudioStream) -> None:
    graph = Graph()
    tone = graph.add("sine", f"frequency=440:sample_rate=44100:duration={SECONDS}")
    tone.link_to(sink := graph.add("abuffersink"))
    graph.configure()
    while True:
        try:
            output.mux(stream.encode(sink.pull()))
        except av.error.EOFError:
            break
    output.mux(stream.encode(None))


def texture(size: tuple[int, int]) -> Image.Image:
    """Return a picture with detail of every size, like a landscape has."""
    channels = []
    for _ in range(3):
        channel = Image.new("L", size, 128)
        for power in range(2, 9):
            coarse = (max(2, size[0] >> (9 - power)), max(2, size[1] >> (9 - power)))
            noise = Image.effect_noise(coarse, 200 / 1.7 ** (power - 2))
            channel = ImageChops.add(channel, noise.resize(size), 1, -128)
        channels.append(channel)
    return Image.merge("RGB", channels)


def as_text(figures: Figures) -> str:
    lines = [f"photo card of a {PHOTO_SIZE[0]}x{PHOTO_SIZE[1]} JPEG, median of {ROUNDS}"]
    photo = "  {:10} {ms:4.0f} ms, {extra_mb:4.0f} MB extra, {times_faster:.1f} times faster"
    lines += [photo.format(name, **of) for name, of in figures["photo"].items()]
    lines += [
        f"video card of {SECONDS} s, {VIDEO_SIZE[0]}x{VIDEO_SIZE[1]} at {FPS}, per second of video",
    ]
    video = (
        "  {:17} one core: {one_core_cpu_s_per_media_s:.2f} s of CPU, "
        "{one_core_wall_s_per_media_s:.2f} s; all: {all_cores_cpu_s_per_media_s:.2f} s of CPU, "
        "{all_cores_wall_s_per_media_s:.2f} s; "
        "{source_mbit_s:.1f} -> {card_mbit_s:.1f} Mbit/s"
    )
    lines += [video.format(name, **of) for name, of in figures["video"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
