"""What the verbs print and return: for people, for machines, and as exit codes."""

import json
import re

import pytest

VERBS = ["run", "evaluate", "optimize", "show", "studies", "studies list", "studies show"]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(project, verb: str) -> None:
    """Help names every option, and ends in a command that can be copied."""
    said = project.say(*verb.split(), "--help")
    assert (said.code, said.err) == (0, "")
    assert re.search(rf"Example: elixirml {verb}\b", said.out)


@pytest.mark.parametrize("verb", [each for each in VERBS if each != "studies"])
def test_every_verb_speaks_to_machines_and_can_be_quiet(project, verb: str) -> None:
    """`--json` and `--quiet` are everywhere, so that a script need not know which verb has them."""
    out = project.say(*verb.split(), "--help").out
    assert "--json" in out
    assert "--quiet" in out


def test_help_lists_the_verbs_and_those_of_plugins(project) -> None:
    """The first screen shows what can be done, and which plugin adds which verb."""
    out = project.say("--help").out
    verbs, _, offered = out.partition("Verbs of plugins:")
    assert all(re.search(rf"^  {verb} ", verbs, re.MULTILINE) for verb in ("run", "evaluate", "optimize", "plugins"))
    assert "from elixirml-" in offered


def test_run_prints_the_output_and_nothing_else(project) -> None:
    """Standard output is the answer; what it cost goes to standard error, or nowhere with `--quiet`."""
    said = project.say("run", "topic.py", "--input", "question.json")
    assert (said.code, said.out) == (0, "topic: film\n")
    assert said.err.startswith("1 call, ")
    assert project.say("run", "topic.py", "--input", "question.json", "--quiet").err == ""


def test_run_reads_standard_input(project) -> None:
    """`--input -` takes what is piped in."""
    said = project.say("run", "topic.py:Classify", "--input", "-", typed='{"text": "a soup"}')
    assert said.out == "topic: food\n"


def test_run_answers_machines_with_output_usage_and_trace(project) -> None:
    """The JSON object holds the output, what was used, and how it came about."""
    answer = project.say("run", "topic.py", "--input", "question.json", "--json").json
    assert answer["output"] == {"topic": "film"}
    assert answer["usage"]["calls"] == 1
    assert answer["trace"]["stages"] == [
        {"stage": "reply", "inputs": {"text": "a movie"}, "outputs": {"topic": "film"}}
    ]


def test_what_a_program_prints_never_mixes_with_the_answer(project) -> None:
    """A `print` in a program file or a stage goes to standard error, also with `--json`."""
    stage = '    @ml.stage\n    def text(self, text: str) -> str:\n        print("a stage")\n        return text\n\n'
    text = (project.folder / "topic.py").read_text()
    project.write("loud.py", 'print("a file")\n' + text.replace("    reply =", f"{stage}    reply ="))
    said = project.run("run", "loud.py", "--input", "question.json", "--json")
    assert said.json["output"] == {"topic": "film"}
    assert said.err.startswith("a file\na stage\n")


def test_a_module_beside_the_program_is_found(project) -> None:
    """`package.module:Class` is looked for in the current folder, wherever the command is installed."""
    project.write("labels.py", 'NOTE = "beside"\n')
    project.write("uses.py", "import labels\n" + (project.folder / "topic.py").read_text())
    assert project.run("run", "uses:Classify", "--input", "question.json", "--quiet").out == "topic: film\n"
    assert project.run("run", "uses.py", "--input", "question.json", "--quiet").out == "topic: film\n"


def test_evaluate_prints_a_table_with_intervals(project) -> None:
    """Each metric is a row with its mean, its interval and the number of examples."""
    said = project.say("evaluate", "topic.py", "--data", "rows.jsonl", "--metric", "exact_match", "--metric", "tokens")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].split() == ["metric", "mean", "(95", "%", "interval)", "n"]
    assert re.fullmatch(r"exact_match +100\.0 % \(9\d\.\d to 100\.0\) +48", lines[2])
    assert lines[3].startswith("tokens ")
    assert lines[-1].startswith("48 calls, ")


def test_evaluate_answers_machines_with_means_errors_and_usage(project) -> None:
    """The JSON object holds each metric's mean and interval, faults by code, and what was used."""
    answer = project.say(
        "evaluate",
        "topic.py",
        "--data",
        "rows.jsonl",
        "--limit",
        "8",
        "--repeats",
        "2",
        "--set",
        "reply.temperature=1",
        "--json",
    ).json
    assert answer["metrics"]["exact_match"] | {"low": 0} == {"mean": 1.0, "low": 0, "high": 1.0, "n": 8}
    assert answer["errors"] == {}
    assert answer["usage"]["calls"] == 16
    assert answer["stopped"] is None


def test_evaluate_counts_faults_and_shows_the_first(project) -> None:
    """A reply that cannot be read is a fault of its example, never an end of the evaluation."""
    provider = (project.site / "planted_provider.py").read_text()
    (project.site / "planted_provider.py").write_text(provider.replace('else "food"', 'else "neither"'))
    said = project.say("evaluate", "topic.py", "--data", "rows.jsonl", "--limit", "4", "--quiet")
    assert said.code == 0
    assert re.search(r"^2 faults `\w+`, first in r1: ", said.out, re.MULTILINE)


def test_evaluate_at_its_budget_keeps_what_was_finished(project) -> None:
    """At a limit the exit code is 1, and the means of the finished rows are still given."""
    said = project.say("evaluate", "topic.py", "--data", "rows.jsonl", "--budget", "calls=5", "--json")
    assert said.code == 1
    assert said.json["metrics"]["exact_match"]["n"] == 5
    assert "5 calls" in said.json["stopped"]
    assert said.err.endswith("The means are of the 5 rows finished.\n")


def test_optimize_saves_a_program_that_runs(project) -> None:
    """`--out` is a JSON file that the other verbs take, and `--report` a page."""
    said = project.say(
        "optimize", "topic.py", "--train", "rows.jsonl", "--budget", "calls=60", "--teleprompter", "random_search",
        "--out", "best.json", "--report", "best.html", "--quiet",
    )  # fmt: skip
    assert (said.code, said.err) == (0, "")
    assert re.search(r"^verdict: (confirmed|unconfirmed|baseline kept)", said.out, re.MULTILINE)
    assert re.search(r"^saved: best\.json \(the (tuned program|program as declared)\)$", said.out, re.MULTILINE)
    assert (project.folder / "best.html").read_text().lstrip().lower().startswith("<!doctype html")
    run = project.say("run", "best.json", "--program", "topic.py", "--input", "question.json", "--quiet")
    assert run.out == "topic: film\n"


def test_optimize_answers_machines_with_verdict_and_study(project) -> None:
    """The JSON object holds what the contract names; progress stays on standard error."""
    answer = project.say(
        "optimize", "topic.py", "--train", "rows.jsonl", "--budget", "calls=60", "--teleprompter", "random_search",
        "--json",
    ).json  # fmt: skip
    assert {"verdict", "baseline", "tuned", "difference", "usage", "saved", "study"} <= set(answer)
    assert answer["saved"] is None
    listed = project.say("studies", "list", "--json").json["studies"]
    assert [each["study"] for each in listed] == [answer["study"]]


def test_a_confirmed_winner_is_shown_saved_and_used(project) -> None:
    """Where tuning pays, the verdict says so, the tuned values are listed, and the saved program holds them."""
    provider = (project.site / "planted_provider.py").read_text()
    (project.site / "planted_provider.py").write_text(provider.replace("    return answer", '    return "neither"'))
    optimize = ("optimize", "topic.py", "--train", "rows.jsonl", "--budget", "calls=400", "--out", "best.json")
    fixed = ("--teleprompter", "random_search", "--freeze", "reply.adapter", "--freeze", "reply.demos", "--quiet")
    said = project.say(*optimize, *fixed)
    assert re.search(r"^verdict: confirmed \(p = \S+, \d+ won, 0 lost\)$", said.out, re.MULTILINE)
    assert re.search(r"^reply\.choice\.decoding +likelihood$", said.out, re.MULTILINE)
    assert "saved: best.json (the tuned program)" in said.out
    run = ("run", "best.json", "--program", "topic.py", "--input", "question.json", "--quiet")
    assert project.say(*run).out == "topic: film\n"
    study = project.say("studies", "list", "--json").json["studies"][0]["study"]
    shown = project.say("studies", "show", study).out
    assert re.search(r"^budget +calls=400$", shown, re.MULTILINE)
    assert re.search(r"^outcome +confirmed$", shown, re.MULTILINE)
    assert re.search(r"^tuned +1 \(\S+ to 1\) on \d+ examples$", shown, re.MULTILINE)


def test_optimize_takes_settings_as_json_or_text(project) -> None:
    """A value of `--option` is JSON where it can be read as JSON, else text."""
    optimize = ("optimize", "topic.py", "--train", "rows.jsonl", "--budget", "calls=20")
    assert "`pull`" in project.say(*optimize, "--option", "pull=many").err
    assert project.say(*optimize, "--option", "pull=4").code == 0


def test_optimize_minimizes_where_less_is_better(project) -> None:
    """A metric's direction is the metric's own; its unit is printed."""
    said = project.say(
        "optimize", "topic.py", "--train", "rows.jsonl", "--budget", "calls=40", "--teleprompter", "random_search",
        "--metric", "tokens",
    )  # fmt: skip
    assert said.code == 0
    assert "tokens, 95 % interval" in said.out


def test_show_prints_the_prompt_graph_and_variables(project) -> None:
    """Without a choice `show` prints graph and variables; with an input, the exact messages. No model is asked."""
    everything = project.say("show", "topic.py").out
    assert "flow" in everything
    assert "reply.temperature" in everything
    prompt = project.say("show", "topic.py", "--input", "question.json").out
    assert "What is the text about?" in prompt
    assert "a movie" in prompt
    assert "reply.temperature" not in prompt


def test_show_prints_what_constrains_a_reply(project) -> None:
    """Labels to score, a grammar and the text to continue are part of what is sent."""
    show = ("show", "topic.py", "--input", "question.json", "--set", "reply.adapter=choice")
    assert "[grammar]" in project.say(*show, "--set", "reply.choice.decoding=grammar").out
    scored = project.say(*show, "--set", "reply.choice.decoding=likelihood", "--set", "reply.choice.layout=arrow").out
    assert "[labels to score]" in scored
    assert "[text to continue]" in scored


def test_show_warns_of_what_is_declared_in_vain(project) -> None:
    """A stage that nothing uses is named on standard error."""
    stage = "    @ml.stage\n    def unused(self, text: str) -> str:\n        return text\n\n"
    text = (project.folder / "topic.py").read_text()
    project.write("vain.py", text.replace("    reply =", f"{stage}    reply ="))
    assert re.search(r"^warning: .*`unused`", project.say("show", "vain.py").err, re.MULTILINE)
    assert project.say("show", "vain.py", "--quiet").err == ""


def test_show_answers_machines_with_requests_and_space(project) -> None:
    """The JSON object holds graph, space, assignment and messages."""
    answer = project.say("show", "topic.py", "--input", "question.json", "--set", "reply.max_tokens=7", "--json").json
    assert answer["assignment"]["reply.max_tokens"] == 7
    assert set(answer) == {"program", "digest", "graph", "space", "assignment", "messages"}
    assert "a movie" in json.dumps(answer["messages"]["reply"])


def test_studies_are_listed_and_shown(project) -> None:
    """A study is found again by its name, with what was asked and what was found."""
    assert project.say("studies", "list").out == ""
    project.say("evaluate", "topic.py", "--data", "rows.jsonl", "--quiet")
    listed = project.say("studies", "list").out.splitlines()
    assert listed[0].split() == ["study", "status", "started", "ran", "rows", "outcome"]
    name = listed[2].split()[0]
    assert re.search(r" done .* 48 +exact_match 1$", listed[2])
    shown = project.say("studies", "show", name).out
    assert re.search(r"^kept +48 scored rows, 48 model replies$", shown, re.MULTILINE)
    assert project.say("studies", "show", name, "--json").json["rows"] == 48


def test_the_command_line_is_also_a_module(project) -> None:
    """`python -m elixirml` is the same command, by the same name."""
    said = project.run("--version")
    assert re.fullmatch(r"elixirml, version \S+\n", said.out)
    assert project.run("run", "--help").out.startswith("Usage: elixirml run ")
