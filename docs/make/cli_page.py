"""docs/cli.md: the command line's uses with their exit statuses, made by running them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import darkroom
from darkroom.picture import Picture
from darkroom_local import sample
from docs.make.handwriting import on_paper, write

PAGE = Path(__file__).parents[1] / "cli.md"

USES = (
    ("one photo, as `auto` sees fit", "darkroom enhance in.jpg -o out.jpg"),
    ("a result beside the photo", "darkroom enhance in.jpg --recipe vivid"),
    ("several photos, into a folder", "darkroom enhance in.jpg note.png -o better/ --recipe vivid"),
    ("a folder, its tree kept, two photos at a time", "darkroom enhance scans/ -o done/ --recipe none --jobs 2"),
    ("go on where it was stopped", "darkroom enhance scans/ -o done/ --recipe none --skip"),
    ("photos of one occasion, decided together", "darkroom enhance scans/ -o alike/ --album --jobs 2"),
    ("replace what is there", "darkroom enhance in.jpg -o out.jpg --recipe vivid --force"),
    ("steps of one's own, another format", "darkroom enhance in.jpg -o out.webp --step denoise --step gamma:gamma=1.2"),
    ("from a pipe into a pipe", "darkroom enhance - -o - --recipe vivid < in.jpg > piped.jpg"),
    ("for programs", "darkroom enhance in.jpg -o told.jpg --recipe vivid --json | jq -r .output"),
    ("say nothing of what went well", "darkroom enhance in.jpg -o quiet.jpg --recipe vivid --quiet"),
    ("whether photos got worse", "darkroom check scans/ alike/"),
    ("whether they did, for a pipeline of tests", "darkroom check scans/ better/ --quiet"),
    ("what is wrong with photos", "darkroom diagnose in.jpg"),
    ("what a file is", "darkroom inspect in.jpg --json | jq -r .file.format"),
    ("handwritten digits", "darkroom classify note.png"),
    ("a step's parameters", "darkroom steps gamma"),
    ("the recipes", "darkroom recipes"),
    ("a result that is there already", "darkroom enhance in.jpg -o out.jpg"),
    ("a result where its photo lies", "darkroom enhance in.jpg -o ."),
    ("a folder that is not there", "darkroom enhance in.jpg -o nodir/out.jpg"),
    ("neither a folder nor a format", "darkroom enhance in.jpg -o nodir"),
    ("no such photo", "darkroom enhance none.jpg -o x.jpg"),
    ("a file that is no photo", "darkroom enhance words.jpg -o x.jpg"),
    ("a bad photo among good ones", "darkroom enhance words.jpg in.jpg -o some/ --recipe vivid"),
    ("a recipe that there is not", "darkroom enhance in.jpg -o x.jpg --recipe vivit"),
    ("a parameter out of bounds", "darkroom enhance in.jpg -o x.jpg --step gamma:gamma=99"),
    ("a command that there is not", "darkroom enlarge in.jpg"),
)
"""What for, and the line that does it; each finds what those before it left."""

HEAD = """# The command line

`darkroom --help` lists the commands, `darkroom COMMAND --help` a command's options. Here are uses with the exit status
and the last line that was said, made by running them one after the other (`make docs`):

| for | line | exit | says |
| --- | --- | --- | --- |
"""

TAIL = """
Exit statuses: 0 done; 1 a photo's or a recipe's fault, or ours, told in a line on stderr that names it (other photos go
on); 2 wrong usage, before any work is done; 130 stopped by Ctrl-C, which says how many photos are done. Results are
written whole or not at all, so that `--skip` goes on where a run was stopped.

With `--album`, photos of one folder, each taken within an hour of the one before (by EXIF's `DateTimeOriginal`;
those that do not say when, together) are looked at first, and then decided about together: of light, exposure and noise
counts what all of them tell, and the less each photo's own where they differ by no more than it is in doubt of. A photo
that stands apart from the others keeps its own, and so do all where there are fewer than three, or where their tones
tell that they show this and that. The report's `album` says so, with its share ([report.md](report.md#album));
[quality.md](quality.md#albums) has what that is worth.

`darkroom check BEFORE AFTER` is for who changes photos by other means, and for tests of that: each photo of a folder
is compared with what is called alike in the other, in any format. It got worse where

| evidence | worse from | what is measured |
| --- | --- | --- |
| `clipped` | 5% | pixels that became black or white in a channel and differed before |
| `torn` | 4.5 times | how high soft steps in highlights became, their 99.5th percentile |
| `smoothed` | below 50% | texture that is left: finest differences beside those three times as coarse, but noise |
| `spoiled` | 0.5 more | what is wrong by the diagnosis, the sum of all defects' probabilities |
| `missing` | | there is no result |

The first two are what `auto`'s own results are held against. `torn` and `smoothed` say nothing of a photo that had
noise, blur or JPEG's traces, since to repair those makes other pixels; nothing but `spoiled` does where the size became
another one.

A folder's pictures are found by what they begin like or are called; hidden files, earlier results (`*.enhanced.*`) and
whatever else lies there are left out, and their number is told. A pipe or device is read only where it is named itself.

Completion by the shell: `eval "$(_DARKROOM_COMPLETE=bash_source darkroom)"` in `~/.bashrc` (`zsh_source` for zsh; for
fish `_DARKROOM_COMPLETE=fish_source darkroom | source`).

`darkroom submit` takes the same names and options for photos that a deployed stack is to enhance ([local.md](local.md),
[api.md](api.md)); `jobs`, `job`, `redo`, `redrive` and `doctor` are for who runs one
([operations.md](operations.md#commands)). `batch` is for photos in masses ([batch.md](batch.md)).
"""


class Row(NamedTuple):
    """A use as it went. says: the last line of stdout and stderr together."""

    use: str
    line: str
    status: int
    says: str


def run(folder: Path) -> list[Row]:
    """All uses, in order, in an empty folder."""
    (folder / "in.jpg").write_bytes(sample.spoiled_photo())
    note = on_paper(write("2026", 60), (235, 232, 225), (30, 34, 60))
    (folder / "note.png").write_bytes(darkroom.encode(Picture(note), "png"))
    (folder / "words.jpg").write_text("just words, and more of them than a header has")
    (folder / "scans" / "1990").mkdir(parents=True)
    for name in ("scans/b.jpg", "scans/1990/a.jpg"):
        (folder / name).write_bytes((folder / "in.jpg").read_bytes())
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    rows = []
    for use, line in USES:
        done = subprocess.run(  # noqa: S603
            ["bash", "-o", "pipefail", "-c", line],  # noqa: S607
            cwd=folder,
            env={**os.environ, "PATH": programs},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        said = done.stdout.decode(errors="replace").splitlines() or [""]
        rows.append(Row(use, line, done.returncode, said[-1]))
    return rows


def lines(rows: list[Row]) -> list[str]:
    cells = [(row.use, f"`{row.line}`", str(row.status), row.says and f"`{row.says}`") for row in rows]
    return [f"| {' | '.join(cell.replace('|', '\\|') for cell in row)} |" for row in cells]


def page(rows: list[Row]) -> str:
    return HEAD + "\n".join(lines(rows)) + "\n" + TAIL


def make() -> None:
    with tempfile.TemporaryDirectory() as place:
        PAGE.write_text(page(run(Path(place))), "utf-8")


if __name__ == "__main__":
    make()
