"""Which recordings a browser plays."""

from __future__ import annotations

import pytest

from indexer.playable import ALL, MOST, NONE, codec_name, plays


@pytest.mark.parametrize(
    ("media_type", "video", "audio", "answer"),
    [
        ("video/webm", ("VP9",), ("Opus",), ALL),
        ("video/webm", ("VP8",), (), ALL),
        ("video/mp4", ("AVC",), ("AAC",), MOST),
        ("video/mp4", ("AV1",), ("AAC",), MOST),
        ("video/mp4", ("AV1",), ("Opus",), ALL),
        ("video/mp4", ("HEVC",), ("AAC",), NONE),
        ("video/mp4", ("MPEG-4 Visual",), ("AAC",), NONE),
        ("video/mp4", ("AVC",), ("AC-3",), NONE),
        ("video/x-matroska", ("AVC",), ("AAC",), NONE),
        ("video/x-msvideo", ("MPEG-4 Visual",), ("MP3",), NONE),
        ("video/ogg", ("Theora",), ("Vorbis",), NONE),
        ("audio/mpeg", (), ("MP3",), ALL),
        ("audio/mpeg", (), ("MP2",), NONE),
        ("audio/mp4", (), ("AAC",), MOST),
        ("audio/mp4", (), ("ALAC",), NONE),
        ("audio/ogg", (), ("Opus",), ALL),
        ("audio/flac", (), ("FLAC",), ALL),
        ("audio/wav", (), ("PCM",), ALL),
        ("audio/wav", (), ("ADPCM",), NONE),
        ("video/mp4", (), (), NONE),
        ("application/zip", (), ("MP3",), NONE),
    ],
)
def test_plays_container_and_codecs_decide(media_type, video, audio, answer):
    assert plays(media_type, video, audio) == answer


def test_plays_avc_of_unusual_colours_is_for_studios_only():
    assert plays("video/mp4", ("AVC",), ("AAC",), colours="4:2:2") == NONE
    assert plays("video/mp4", ("AVC",), ("AAC",), colours="4:2:0", bits=10) == NONE
    assert plays("video/mp4", ("AVC",), ("AAC",), colours="4:2:0", bits=8) == MOST


def test_codec_name_tells_layers_of_mpeg_audio_apart():
    assert [codec_name("MPEG Audio", f"Layer {n}") for n in (1, 2, 3)] == ["MP1", "MP2", "MP3"]
    assert codec_name("AAC", "LC") == "AAC"
