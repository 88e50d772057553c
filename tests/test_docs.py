"""The documentation keeps its word: its commands print what it shows, its links lead somewhere, nothing is stale."""

import json
import os
import random
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from attrs import frozen

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = ROOT / "docs"
PAGES: Final = sorted(
    [
        ROOT / "README.md",
        ROOT / "kernel" / "README.md",
        ROOT / "contrib" / "README.md",
        *DOCS.rglob("*.md"),
        *ROOT.glob("plugins/*/README.md"),
    ]
)
GUIDES: Final = sorted([ROOT / "kernel" / "README.md", *DOCS.glob("tutorials/*.md"), *DOCS.glob("how-to/*.md")])

STANDIN: Final = '''
import json
import zlib

from elixirml.plugins import Contribution, hookimpl
from elixirml.testing.models import ScriptedModel, ScriptedProvider


@hookimpl
def register_language_models():
    return [Contribution("local", "standin:PROVIDER", "answers from a script")]


def reply(request):
    """Answer in a sentence; with worked examples in the prompt mostly in a word, the more of them the oftener."""
    question = request.messages[-1].content
    town = question.partition("context: ")[2].partition(" is ")[0]
    shown = sum(each.role == "assistant" for each in request.messages)
    brief = shown and zlib.crc32(question.encode()) % 10 < 5 + min(shown, 4)
    answer = {"answer": town if brief else f"It is {town}."}
    if "reasoning" in request.messages[0].content:
        answer = {"reasoning": "The context says so.", **answer}
    return json.dumps(answer)


PROVIDER = ScriptedProvider({"smollm2": ScriptedModel(name="local/smollm2", script=reply)})
'''
"""What answers in the README's tour instead of a real model; the README says so."""

TOWNS: Final = {
    "Norway": "Oslo", "France": "Paris", "Peru": "Lima", "Japan": "Tokyo", "Kenya": "Nairobi", "Cuba": "Havana",
    "Egypt": "Cairo", "Ghana": "Accra", "Qatar": "Doha", "Spain": "Madrid", "Italy": "Rome", "Nepal": "Kathmandu",
    "Chile": "Santiago", "Latvia": "Riga", "Greece": "Athens",
}  # fmt: skip
MORE: Final = (
    "", " It is old.", " It has a port.", " It has parks.", " Trams run there.", " It has museums.",
    " It has a market.", " It is a big town.", " It has an airport.", " Tourists like it.",
    " It lies by the water.", " It has a university.", " Many people live there.", " Its streets are narrow.",
    " A river flows through it.",
)  # fmt: skip


@frozen
class Block:
    """One fenced block of a page."""

    language: str
    text: str
    numbers_vary: bool

    @property
    def file(self) -> str | None:
        """The file its first line names, as in `# qa.py`."""
        named = re.match(r"# ([\w./-]+\.\w+)\n", self.text)
        return named[1] if named else None


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    text = page.read_text("utf-8")
    for found in re.finditer(r"(<!-- numbers vary -->\n+)?^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield Block(found[2], found[3], bool(found[1]))


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Yield the commands of a console block, each with the output shown."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def plain(text: str, *, numbers_vary: bool) -> str:
    """Return output without what differs from run to run: seconds, dates, the ids of studies, the widths of columns."""
    text = re.sub(r"\b\d+(\.\d+)? s\b", "# s", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "DATE", text)
    text = re.sub(r"-[0-9a-f]{8,12}\b", "-ID", text)
    if numbers_vary:
        text = re.sub(r"\d+(\.\d+)?(e-?\d+)?", "#", text)
    return " ".join(re.sub(r"-{3,}", "---", text).split())


def agrees(shown: str, printed: str, *, numbers_vary: bool = False) -> bool:
    """Tell whether output is as shown, where `...` stands for anything."""
    wanted = plain(shown, numbers_vary=numbers_vary).split("...")
    pattern = ".*".join(re.escape(each.strip()) + " ?" for each in wanted)
    return re.fullmatch(pattern, plain(printed, numbers_vary=numbers_vary) + " ", re.DOTALL) is not None


def plant(folder: Path, *, name: str, entry: str, target: str) -> None:
    """Write the metadata of an installed plugin, as pip would."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[elixirml]\n{entry} = {target}\n", "utf-8")


def linked(source: Path, target: Path) -> None:
    """Install as `--editable` does: changes of the source are seen."""
    target.symlink_to(source, target_is_directory=True)


@frozen
class Reader:
    """Does what a page says, in an empty folder, as a person would."""

    folder: Path
    installed: Path
    disabled: str = ""

    def follow(self, page: Path) -> None:
        """Write every file and run every command of a page, and compare what is printed."""
        for block in blocks(page):
            if block.language == "console":
                for command, shown in commands(block):
                    self._compare(command, shown, numbers_vary=block.numbers_vary)
            elif block.file is not None:
                path = self.folder / block.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, "utf-8")
            elif block.language == "python":
                self._run([sys.executable, "-c", block.text])

    def _compare(self, command: str, shown: str, *, numbers_vary: bool) -> None:
        if local := re.fullmatch(r"pip install (--editable )?\"?\./([\w-]+)(\[test\])?\"?", command):
            self._install(self.folder / local[2], place=linked if local[1] else shutil.copytree)
            return
        printed = self._run(["sh", "-c", command])
        assert agrees(shown, printed, numbers_vary=numbers_vary), f"$ {command}\n{printed}\n--- shown:\n{shown}"

    def _install(self, source: Path, *, place: Callable[[Path, Path], object]) -> None:
        """Install a distribution of one module or package; pip itself would fetch a build backend."""
        project = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]
        [(entry, target)] = project["entry-points"]["elixirml"].items()
        plant(self.installed, name=project["name"], entry=entry, target=target)
        name = target.partition(".")[0]
        modules = source / "src" if (source / "src").is_dir() else source
        if (modules / name).is_dir():
            place(modules / name, self.installed / name)
        else:
            shutil.copy(modules / f"{name}.py", self.installed)

    def _run(self, command: list[str]) -> str:
        environ = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.installed),
            "ELIXIRML_DISABLE_PLUGINS": self.disabled,
            "XDG_CONFIG_HOME": str(self.folder / "no-config"),
            "COLUMNS": "100",
        }
        done = subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_guide_does_what_it_says(page: Path, tmp_path: Path) -> None:
    """Whoever copies the files and commands of a guide sees what it shows."""
    reader = Reader(tmp_path / "work", tmp_path / "installed")
    reader.folder.mkdir()

    reader.follow(page)


def test_the_tour_of_the_readme_prints_what_it_shows(tmp_path: Path) -> None:
    """The README's commands are real; only the model behind them is replaced."""
    reader = Reader(tmp_path / "work", tmp_path / "installed", disabled="local")
    reader.folder.mkdir()
    plant(reader.installed, name="standin", entry="standin", target="standin")
    (reader.installed / "standin.py").write_text(STANDIN, "utf-8")
    rows = [
        {"context": f"{town} is the capital of {country}.{more}", "question": f"Capital of {country}?", "answer": town}
        for country, town in TOWNS.items()
        for more in MORE
    ]
    random.Random(0).shuffle(rows)
    for name, part in (("train", rows[:150]), ("test", rows[150:])):
        text = "".join(json.dumps(row) + "\n" for row in part)
        (reader.folder / f"{name}.jsonl").write_text(text, "utf-8")

    reader.follow(ROOT / "README.md")


def test_shown_output_is_compared() -> None:
    """A page that shows something else than is printed is refused; only times and the elided may differ."""
    assert agrees("a  1.5 s\n...\nend\n", "a 2.0 s\nmore\nend\n")
    assert agrees("so\n...\n", "so\n")
    assert not agrees("a 1\n", "a 2\n")
    assert agrees("a 1\n", "a 2\n", numbers_vary=True)
    assert not agrees("a\n...\nb\n", "a\nc\n")


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    """A link to a file or heading of this repository has a target."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    dead: list[str] = []
    for target in re.findall(r"(?:\]\(|src=\")([^)\s\"]+)[)\"]", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        if not found.exists() or (anchor and anchor not in anchors(found)):
            dead.append(target)
    assert not dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_speaks_of_one_machine(page: Path) -> None:
    """Documentation names no folder of the machine it was written on."""
    assert not re.search(r"(?<![\w.$])/(work|root|home|tmp|Users)/", page.read_text("utf-8"))


def test_every_page_can_be_reached() -> None:
    """No page of the documentation is an orphan: links lead from the README to each of them."""
    reached: set[Path] = set()
    left = [ROOT / "README.md"]
    while left:
        page = left.pop()
        if page in reached or page.suffix != ".md" or not page.is_file():
            continue
        reached.add(page)
        targets = re.findall(r"\]\(([^)\s#]+)", page.read_text("utf-8"))
        left += [(page.parent / each).resolve() for each in targets if ":" not in each]
    assert set(DOCS.rglob("*.md")) <= reached


def test_the_tests_that_pages_name_are_there() -> None:
    """What a page says holds a promise can be found, by its file and its name."""
    named = {found for page in PAGES for found in re.findall(r"`([\w/.-]+\.py)::(\w+)`", page.read_text("utf-8"))}
    assert named, "no page names a test"
    missing = [
        f"{file}::{test}"
        for file, test in sorted(named)
        if not re.search(rf"^\s*(async )?def {test}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)
    ]
    assert not missing


def test_generated_pages_are_not_stale() -> None:
    """Hooks, commands, error codes and plugins are documented as they are in the source."""
    done = subprocess.run(
        [sys.executable, str(DOCS / "generate.py"), "--check"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_error_code_has_a_page_and_every_page_a_code() -> None:
    """Whoever meets a code finds its page; no page outlives its code."""
    codes = runpy.run_path(str(DOCS / "generate.py"))["error_codes"]()
    assert {"name-not-found", "name-later", "restart-limit", "type-unsupported"} <= codes, "codes are not found"
    pages = {each.stem for each in (DOCS / "reference" / "errors").glob("*.md")} - {"index"}
    assert not codes - pages, "write docs/reference/errors/CODE.md, then run docs/generate.py"
    assert not pages - codes, "no code is called like that any more"


@pytest.mark.parametrize("page", sorted((DOCS / "reference" / "errors").glob("[!i]*.md")), ids=lambda page: page.stem)
def test_an_error_page_says_what_it_means_and_how_to_mend_it(page: Path) -> None:
    """Every page of an error has its code, its meaning, an example and a way out."""
    text = page.read_text("utf-8")
    assert text.startswith(f"# {page.stem}\n")
    assert f"[{page.stem}]" in text
    assert "## How to mend it" in text
