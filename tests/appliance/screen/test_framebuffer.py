"""A framebuffer played by a file: every layout of pixels, drivers that lie, and a screen that never gives up."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from appliance.screen import command, framebuffer
from appliance.screen.command import Screen
from appliance.screen.fonts import find_faces
from appliance.screen.framebuffer import Framebuffer, Geometry, rows_of
from tests.appliance.screen.test_drawing import VIEW


@dataclass
class Played:
    """A file and the facts of it."""

    folder: Path
    width: int = 320
    height: int = 240

    def make(self, bits: int = 32, stride: int = 0) -> Framebuffer:
        stride = stride or self.width * bits // 8
        facts = self.folder / "graphics/fb0"
        facts.mkdir(parents=True, exist_ok=True)
        for name, value in (
            ("virtual_size", f"{self.width},{self.height}"),
            ("bits_per_pixel", bits),
            ("stride", stride),
        ):
            (facts / name).write_text(f"{value}\n")
        self.device.write_bytes(bytes(stride * self.height))
        return Framebuffer(self.device, self.folder / "graphics")

    @property
    def device(self) -> Path:
        return self.folder / "fb0"


@pytest.fixture
def played(tmp_path: Path) -> Played:
    return Played(tmp_path)


RED_AND_BLUE = {
    32: (b"\x00\x00\xff", b"\xff\x00\x00"),
    24: (b"\x00\x00\xff", b"\xff\x00\x00"),
    16: (b"\x00\xf8", b"\x1f\x00"),
}


@pytest.mark.parametrize("bits", [32, 24, 16])
@pytest.mark.parametrize("more", [0, 64])
def test_picture_lies_there_row_by_row(played: Played, bits: int, more: int) -> None:
    stride = played.width * bits // 8 + more
    screen = played.make(bits, stride)
    image = Image.new("RGB", (320, 240), "#ff0000")
    image.paste("#0000ff", (0, 239, 320, 240))
    screen.show(image)
    content = played.device.read_bytes()
    red, blue = RED_AND_BLUE[bits]
    assert content[: len(red)] == red
    assert content[239 * stride :][: len(blue)] == blue
    if more:
        assert content[stride - more : stride] == bytes(more)


@pytest.mark.parametrize(
    ("layout", "bits", "first"),
    [("RGBX", 32, b"\x10\x80\xf8"), ("BGRX", 32, b"\xf8\x80\x10"), ("RGB", 24, b"\x10\x80\xf8"),
     ("XRGB", 32, b"\x00\x10\x80\xf8"), ("565", 16, (2 << 11 | 32 << 5 | 31).to_bytes(2, "little")),
     ("565 turned", 16, (31 << 11 | 32 << 5 | 2).to_bytes(2, "little")),
     ("555", 16, (2 << 10 | 16 << 5 | 31).to_bytes(2, "little"))],
)  # fmt: skip
def test_every_order_of_colours(layout: str, bits: int, first: bytes) -> None:
    there = Geometry(4, 2, 4 * bits // 8, bits, layout)
    rows = rows_of(Image.new("RGB", (4, 2), (0x10, 0x80, 0xF8)), there)
    assert len(rows) == 2
    assert bytes(rows[0])[: len(first)].replace(b"\xff", b"\x00") == first


@pytest.mark.parametrize(("name", "value"), [
    ("virtual_size", "320"), ("virtual_size", "99999,99999"), ("virtual_size", "8,8"), ("bits_per_pixel", "8"),
    ("stride", "12"), ("stride", "wide"),
])  # fmt: skip
def test_screen_that_nobody_can_draw_on_is_refused(played: Played, name: str, value: str) -> None:
    screen = played.make()
    (played.folder / "graphics/fb0" / name).write_text(value)
    with pytest.raises(OSError, match=r"[a-z]"):
        screen.geometry()


def test_driver_that_gives_less_memory_than_it_says_is_an_error_of_the_system(played: Played) -> None:
    screen = played.make()
    played.device.write_bytes(b"short")
    with pytest.raises(OSError, match=r"[a-z]"):
        screen.show(Image.new("RGB", (320, 240)))


def test_what_the_driver_says_comes_before_the_files(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    import struct

    seen = struct.pack("8I", 640, 480, 640, 960, 0, 480, 32, 0) + struct.pack(
        "12I", 0, 8, 0, 8, 8, 0, 16, 8, 0, 24, 8, 0
    )
    fixed = framebuffer._FIX.pack(b"played", 0, 0, 0, 0, 0, 0, 0, 0, 2600)
    answers = {framebuffer._VSCREENINFO: seen.ljust(160, b"\0"), framebuffer._FSCREENINFO: fixed.ljust(80, b"\0")}
    monkeypatch.setattr(framebuffer.fcntl, "ioctl", lambda _descriptor, number, _bytes: answers[number])
    assert played.make().geometry() == Geometry(640, 480, 2600, 32, "RGBX", 480 * 2600)


def test_screen_is_drawn_when_something_is_new_and_not_before(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    views = [VIEW, VIEW, VIEW.__class__(**{**{n: getattr(VIEW, n) for n in VIEW.__slots__}, "time": "14:06"})]
    drawn = []
    monkeypatch.setattr(Framebuffer, "show", lambda _self, image: drawn.append(image))
    screen = Screen(played.make(), lambda: views.pop(0), find_faces)
    assert [screen.turn() for _ in range(3)] == [True, True, True]
    assert len(drawn) == 2


@pytest.mark.parametrize("what", ["look", "font", "draw"])
def test_any_error_shows_the_light_alone_and_the_next_turn_tries_again(
    played: Played, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    broken = [True]

    def failing(*_: object) -> object:
        raise RuntimeError(what)

    def look():
        return failing() if what == "look" and broken else VIEW

    def faces():
        return failing() if what == "font" and broken else find_faces()

    if what == "draw":
        real = command.draw_screen
        monkeypatch.setattr(command, "draw_screen", lambda *a: failing() if broken else real(*a))
    screen = Screen(played.make(), look, faces)
    with caplog.at_level(logging.ERROR):
        assert screen.turn() is False
    plain = played.device.read_bytes()
    assert plain != bytes(len(plain))
    broken.clear()
    assert screen.turn() is True
    assert played.device.read_bytes() != plain


def test_command_draws_a_picture(tmp_path: Path) -> None:
    from appliance import cli

    file = tmp_path / "settings.toml"
    file.write_text('data_folder = "data"\nroot_file = "root.json"\nlisten_port = 1\nlisten_host = "127.0.0.1"\n')
    words = ["screen", "--settings", str(file), "--png", str(tmp_path / "a.png"), "--size", "800x600"]
    assert cli.main(words) == 0
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (800, 600)
