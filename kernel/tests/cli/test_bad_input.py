"""Bad input of every kind: exit code 2, what is wrong, what to do, no trace, and nothing half written."""

import json
import re

import pytest

RUN = ("run", "topic.py", "--input", "question.json")
EVALUATE = ("evaluate", "topic.py", "--data")
OPTIMIZE = ("optimize", "topic.py", "--train", "rows.jsonl", "--out", "best.json")

WORDS = [
    (("rnu",), "There is no verb `rnu`", "Did you mean `run`?"),
    (("run", "topic.py", "--inptu", "x"), "No such option", "--input"),
    (("run", "topic.py"), "Missing option '--input'", "--help"),
    (("run", "topci.py", "--input", "question.json"), "There is no file topci.py", "Did you mean topic.py?"),
    (("run", "topic.py:Clasify", "--input", "question.json"), "no program `Clasify`", "Did you mean `Classify`?"),
    (("run", "topic.py:Text", "--input", "question.json"), "topic.py:Text is not a program", "Known here: Classify"),
    (("run", "no.such:Thing", "--input", "question.json"), "There is no module `no.such`", "write file.py:Class"),
    (("run", "two words", "--input", "question.json"), "`two words` is not a program", "Write file.py:Class"),
    (("run", "saved.json", "--input", "question.json"), "holds values, not a declaration", "--program file.py:Class"),
    ((*RUN, "--program", "topic.py"), "goes with a saved JSON file", "Name one of them"),
    ((*RUN, "--set", "reply.temprature=1"), "no variable `reply.temprature`", "Did you mean `reply.temperature`?"),
    ((*RUN, "--set", "reply.temperature=hot"), "expected a number", "hot"),
    ((*RUN, "--set", "reply.temperature=9"), "not within 0.0 to 2.0", "reply.temperature"),
    ((*RUN, "--set", "reply.adapter=yaml"), "not one of", '"sections"'),
    ((*RUN, "--set", "reply.temperature"), "has no value", "Write --set path=value"),
    ((*RUN, "--set", "reply.model=scripted/x"), "no scripted model `x`", "Known: m"),
    ((*RUN, "--set", "reply.model=nowhere/x"), "offers `nowhere`", "Known here: "),
    ((*RUN, "--set", "reply.model=x"), "not the name of a model", "Write provider/model"),
    ((*RUN, "--model", "scripted/x"), "has no effect", "--set reply.model=scripted/x"),
    ((*RUN, "--budget", "cals=3"), "`cals` is not a limit", "Did you mean `calls`?"),
    ((*RUN, "--budget", "calls=many"), "must be a number above 0", "calls=600"),
    ((*RUN, "--seed", "x"), "not a valid integer", "--seed"),
    (("run", "topic.py", "--input", "nothing.json"), "nothing.json cannot be read", "Name a JSON file, or -"),
    (("run", "topic.py", "--input", "."), "cannot be read: Is a directory", "Name a JSON file"),
    ((*EVALUATE, "row.jsonl"), "There is no file row.jsonl", "Did you mean rows.jsonl?"),
    ((*EVALUATE, "rows.jsonl", "--metric", "exact_mach"), "offers `exact_mach`", "Did you mean `exact_match`?"),
    ((*EVALUATE, "rows.jsonl", "--limit", "0"), "'--limit'", "x>=1"),
    ((*EVALUATE, "topic.py"), "not a kind of file that can be read", ".jsonl"),
    ((*EVALUATE, "rows.jsonl", "--home", "topic.py"), "topic.py/ledger.sqlite3 cannot be opened", "--home"),
    ((*OPTIMIZE, "--metric", "exact_mach"), "offers `exact_mach`", "Did you mean `exact_match`?"),
    ((*OPTIMIZE, "--teleprompter", "random_serch"), "offers `random_serch`", "Did you mean `random_search`?"),
    ((*OPTIMIZE, "--option", "pulls"), "has no value", "Write --option name=value"),
    ((*OPTIMIZE, "--option", "nonsense=1", "--quiet"), "no option `nonsense`", "Known here: "),
    ((*OPTIMIZE, "--free", "nonsense"), "`nonsense` fits no variable", "Known here: reply.adapter"),
    ((*OPTIMIZE, "--resume"), "no study of this question to resume", "elixirml studies list"),
    ((*OPTIMIZE[:-1], "no/folder/best.json"), "There is no folder", "mkdir -p"),
    ((*OPTIMIZE, "--report", "no/folder/best.html"), "There is no folder", "mkdir -p"),
    ((*OPTIMIZE[:-1], "."), "is a directory", "--out"),
    (("show", "topic.py", "--set", "reply=1"), "no variable `reply`", "--space"),
    (("studies", "show", "nothing"), "no study `nothing`", "elixirml studies list"),
    (("studies", "lsit"), "No such command", "list"),
    (("plugins", "show", "skpot"), "No plugin is called `skpot`", "Did you mean `skopt`?"),
]


@pytest.mark.parametrize(
    ("arguments", "wrong", "remedy"), WORDS, ids=lambda each: " ".join(each)[-60:] if isinstance(each, tuple) else ""
)
def test_bad_words_are_named_with_a_remedy(project, arguments: tuple[str, ...], wrong: str, remedy: str) -> None:
    """A name or value that is not known is named, with what to write instead; nothing is written."""
    before = project.files()
    said = project.say(*arguments)
    assert (said.code, said.out) == (2, ""), said.err
    assert wrong in said.err
    assert remedy in said.err
    assert "Traceback" not in said.err
    assert {each for each in project.files() - before if not each.startswith(".elixirml")} == set()


INPUTS = [
    ("[1]", "holds no JSON object"),
    ('{"text": ', "is not JSON: "),
    ("", "is not JSON: "),
    ('{"text": 3}', "text: expected text, got 3"),
    ('{"txt": "a movie"}', "Did you mean `text`?"),
    ("{}", "text: missing"),
    (b"\xff\xfe\x00", "is not UTF-8 text"),
]


@pytest.mark.parametrize("verb", ["run", "show"])
@pytest.mark.parametrize(("content", "wrong"), INPUTS, ids=lambda each: repr(each)[:20])
def test_a_bad_input_is_refused(project, verb: str, content: str | bytes, wrong: str) -> None:
    """An input that is no JSON object, or does not fit, is refused with every problem."""
    project.write("bad.json", content)
    said = project.say(verb, "topic.py", "--input", "bad.json")
    assert (said.code, said.out) == (2, "")
    assert wrong in said.err


ROWS = [
    ("", "holds no rows"),
    ('{"text": "a"}\n', "no expected values"),
    ('{"text": "a", "topic": "sport"}\n', "`sport` is no label"),
    ('{"text": "a", "topic": "film"}\n{"text": 5, "topic": "film"}\n', "row 2.text: expected text"),
    ('{"text": "a", "topic": "film"}\n{"text":\n', "line 2: not JSON"),
    ('{"a": "b", "topic": "film"}\n', "no column for the input text"),
]


@pytest.mark.parametrize(("content", "wrong"), ROWS, ids=[each[1] for each in ROWS])
@pytest.mark.parametrize("verb", [("evaluate", "--data"), ("optimize", "--out", "best.json", "--train")], ids="/".join)
def test_bad_data_is_refused_before_the_first_call(project, verb: tuple[str, ...], content: str, wrong: str) -> None:
    """Rows that do not fit are named by number; no call is made and nothing is saved."""
    project.write("bad.jsonl", content)
    said = project.say(verb[0], "topic.py", *verb[1:], "bad.jsonl")
    assert (said.code, said.out) == (2, "")
    assert wrong in said.err
    assert not {"best.json", ".elixirml/ledger.sqlite3"} & project.files()


def test_too_few_rows_to_tune_on_are_refused(project) -> None:
    """A handful of rows cannot tell candidates apart."""
    project.rows("few.jsonl", 5)
    said = project.say("optimize", "topic.py", "--train", "few.jsonl")
    assert said.code == 2
    assert "5 examples are too few to tune on" in said.err


PROGRAMS = [
    ("class X(\n", "is not valid Python: '(' was never closed", r"bad\.py:1: class X\("),
    ("x = 1\n\n1 / 0\n", "raised ZeroDivisionError while it was read: division by zero", r"at .*bad\.py:3"),
    ("import nothing_of_the_kind\n", "raised ModuleNotFoundError", r"at .*bad\.py:1"),
    ("import sys\nsys.exit(3)\n", "raised SystemExit while it was read: 3", r"at .*bad\.py:2"),
    ("x = 1\n", "bad.py holds no program", "Declare one"),
    ("from topic import Classify\nfirst = Classify()\nsecond = Classify()\n", "holds 2 programs", "bad.py:second"),
    ("def bad():\n    1 / 0\nbad()\n", "raised ZeroDivisionError", r"at .*bad\.py:2, in bad"),
]


@pytest.mark.parametrize(("source", "wrong", "remedy"), PROGRAMS, ids=[each[1][:40] for each in PROGRAMS])
@pytest.mark.parametrize("reference", ["bad.py", "bad"])
def test_a_bad_program_file_is_named_with_its_line(
    project, reference: str, source: str, wrong: str, remedy: str
) -> None:
    """A file or module that cannot be read is an error of one or two lines, at the line of the user's own."""
    project.write("bad.py", source)
    said = project.say("run", reference, "--input", "question.json")
    assert (said.code, said.out) == (2, "")
    assert wrong.replace("bad.py", reference) in said.err
    assert re.search(remedy if reference == "bad.py" else remedy.replace("bad.py:second", "bad:second"), said.err)
    assert "Traceback" not in said.err


def test_a_stage_that_raises_is_named_with_its_line(project) -> None:
    """An error of the user's own stage is shown at its line, without the way through the kernel."""
    stage = "    @ml.stage\n    def text(self, text: str) -> str:\n        return text + 1\n\n"
    text = (project.folder / "topic.py").read_text()
    project.write("raises.py", text.replace("    reply =", f"{stage}    reply ="))
    said = project.say("run", "raises.py", "--input", "question.json")
    assert said.code == 2
    assert re.fullmatch(r"The program raised TypeError: .*\n  at .*raises\.py:\d+, in text\n", said.err)


@pytest.fixture
def saved(project) -> dict[str, object]:
    """The content of a saved program."""
    done = project.say(
        "optimize", "topic.py", "--train", "rows.jsonl", "--budget", "calls=20", "--teleprompter", "random_search",
        "--out", "saved.json", "--quiet",
    )  # fmt: skip
    assert done.code == 0
    return json.loads((project.folder / "saved.json").read_text())


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"program": "Other"}, "of the program `Other`, not of `Classify`"),
        ({"structure": "0" * 64}, "`Classify` has changed since this state was saved"),
        ({"schema": 99}, "has schema version 99"),
        ({"assignment": 3}, "is damaged"),
    ],
    ids=lambda each: str(each)[:30],
)
def test_a_saved_program_that_does_not_belong_is_refused(project, saved, change: dict[str, object], wrong: str) -> None:
    """Saved values of another program, declaration or version are never taken for this one's."""
    project.write("saved.json", json.dumps({**saved, **change}))
    said = project.say("run", "saved.json", "--program", "topic.py", "--input", "question.json")
    assert (said.code, said.out) == (2, "")
    assert wrong in said.err


@pytest.mark.parametrize("content", ["{}", "[]", "{", ""])
def test_a_json_file_that_holds_no_program_is_refused(project, content: str) -> None:
    """Any other JSON file is named as what it is not."""
    project.write("saved.json", content)
    said = project.say("run", "saved.json", "--program", "topic.py", "--input", "question.json")
    assert said.code == 2
    assert re.search(r"saved\.json (is not a saved program|cannot be read as JSON)", said.err)


@pytest.mark.parametrize("arguments", [("rnu",), ("run", "--bogus"), ("run", "topci.py", "--input", "question.json")])
def test_machines_are_told_what_is_wrong(project, arguments: tuple[str, ...]) -> None:
    """With `--json` standard output holds one object for errors too: code, message and hint."""
    said = project.say(*arguments, "--json")
    assert said.code == 2
    assert set(said.json) == {"error"}
    assert set(said.json["error"]) == {"code", "message", "hint"}
    assert said.json["error"]["message"] in said.err
