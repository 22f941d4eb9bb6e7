import pytest

from striate import __version__
from striate.cli import GROUPS, VERBS
from striate.cli.application import called, command, following


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_without_a_verb_every_verb_is_listed(call, arguments):
    outcome = call(*arguments)
    assert outcome.status == 0
    for line in following("").values():
        assert line in outcome.output


def test_a_group_without_a_verb_lists_its_own_verbs(call):
    outcome = call("data")
    assert outcome.status == 0
    assert VERBS["data split"][1] in outcome.output
    assert VERBS["train"][1] not in outcome.output


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_helps_with_examples_that_begin_with_a_command(call, verb):
    outcome = call(*verb.split(), "--help")
    assert outcome.status == 0
    assert f"striate {verb}" in outcome.output.split("Examples:")[1]


@pytest.mark.parametrize("verb", VERBS)
def test_every_example_of_a_verb_can_be_parsed(verb):
    lines = command(verb).epilog.splitlines()[2:]
    assert lines
    for line in lines:
        words, rest = called(line.partition(" >")[0].split()[1:])
        command(words).make_context(words, rest)  # raises where an option or argument does not exist


def test_every_group_has_verbs_and_every_verb_of_two_words_a_group():
    assert {verb.split()[0] for verb in VERBS if " " in verb} == set(GROUPS)


@pytest.mark.parametrize(("arguments", "nearest"), [(["trian"], "train"), (["data", "chek"], "check")])
def test_a_verb_that_is_none_is_answered_with_the_nearest(call, arguments, nearest):
    outcome = call(*arguments)
    assert outcome.status == 2
    assert outcome.output == ""
    assert outcome.errors.startswith("error: ")
    assert f"'{nearest}'" in outcome.errors


def test_an_option_that_is_none_is_refused_and_help_is_named(call):
    outcome = call("models", "--jsn")
    assert outcome.status == 2
    assert "--jsn" in outcome.errors
    assert "striate models --help" in outcome.errors


def test_a_missing_argument_is_named(call):
    outcome = call("evaluate")
    assert outcome.status == 2
    assert "RUN" in outcome.errors


def test_options_before_the_verb_are_refused_instead_of_ignored(call):
    assert call("--", "models").status == 2


def test_the_version_is_printed(call):
    assert call("--version").output == f"striate {__version__}\n"
