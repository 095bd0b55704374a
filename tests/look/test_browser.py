"""What browsers make of films: they play, as long as they should."""

import numpy as np
import pytest

from cutaway import Film

PAGE = """<!doctype html><body><video src="{name}" muted></video><p>nothing</p><script>
const video = document.querySelector("video"), told = document.querySelector("p");
video.onloadeddata = () => {{
  told.textContent = `${{video.videoWidth}}x${{video.videoHeight}} ${{video.duration.toFixed(3)}}`;
}};
video.onerror = () => {{ told.textContent = `error ${{video.error.code}}`; }};
</script>"""


def film_of(path, frames, **options):
    with Film(path, **options) as film:
        for number in range(frames):
            film.write(np.full((233, 233, 3), 10 * number, np.uint8))


@pytest.mark.needs("browser")
@pytest.mark.parametrize(
    ("frames", "options", "expected"),
    [
        (14, dict(fps=70), "466x466 0.200"),
        (15, dict(fps=30, scale=4), "932x932 0.500"),
        (1, dict(fps=2), "466x466 0.500"),
        (15, dict(fps=30, hold=2), "466x466 2.467"),
        (10, dict(fps=30, hold=2, scale=4), "932x932 2.300"),
    ],
)
def test_a_film_plays_in_chromium(tmp_path, shown, frames, options, expected):
    film_of(tmp_path / "learn.mp4", frames, **options)
    page = tmp_path / "page.html"
    page.write_text(PAGE.format(name="learn.mp4"))
    assert f"<p>{expected}</p>" in shown(page)


@pytest.mark.needs("browser")
def test_the_tutorials_codec_is_not_the_default_because_it_does_not_play(tmp_path, shown):
    film_of(tmp_path / "learn.mp4", 10, codec="mp4v")
    page = tmp_path / "page.html"
    page.write_text(PAGE.format(name="learn.mp4"))
    assert "<p>error 4</p>" in shown(page)  # MEDIA_ERR_SRC_NOT_SUPPORTED


@pytest.mark.needs("browser")
@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng"])
def test_an_animation_is_an_image_in_chromium(tmp_path, shown, suffix):
    film_of(tmp_path / f"learn{suffix}", 5)
    page = tmp_path / "page.html"
    page.write_text(
        f"""<!doctype html><img src="learn{suffix}"><p>nothing</p><script>
const image = document.querySelector("img"), told = document.querySelector("p");
image.onload = () => {{ told.textContent = `${{image.naturalWidth}}x${{image.naturalHeight}}`; }};
image.onerror = () => {{ told.textContent = "error"; }};
</script>"""
    )
    assert "<p>466x466</p>" in shown(page)
