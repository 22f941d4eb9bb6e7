"""The command line: one verb, one file.

A verb is one row here and one function in its module, named after the verb's last word. Nothing is imported
before it is asked for, so that `--help` answers at once.
"""

from collections.abc import Sequence

from striate.core.waiting import spin_briefly

VERBS: dict[str, tuple[str, str]] = {  # verb: its module, its line in the list of verbs
    "train": ("striate.cli.train", "Train a classifier on labeled pictures and write a report."),
    "evaluate": ("striate.cli.evaluate", "Measure a trained classifier on its test pictures or on new ones."),
    "predict": ("striate.cli.predict", "Name the class of pictures that nobody has labeled."),
    "explain": ("striate.cli.explain", "Show where a network finds what it says of a picture."),
    "compare": ("striate.cli.compare", "Compare classifiers on the same pictures, with their price."),
    "ensemble": ("striate.cli.ensemble", "Let several trained classifiers answer as one."),
    "units": ("striate.cli.units", "Get to know what excites each unit of a network."),
    "data check": ("striate.cli.data_check", "Look for unreadable files, duplicates, leaks and other traps."),
    "data pack": ("striate.cli.data_pack", "Keep decoded pictures on the disk, so that trainings read them faster."),
    "data split": ("striate.cli.data_split", "Write down which pictures are for training, validation and test."),
    "plan": ("striate.cli.plan", "Show how fast a network trains on this machine under each plan."),
    "weights list": ("striate.cli.weights_list", "List published weights that are known by name."),
    "weights fetch": ("striate.cli.weights_fetch", "Fetch weights into the cache, for use without a network."),
    "weights convert": ("striate.cli.weights_convert", "Turn anybody's weights into a recognizer, and back."),
    "summary": ("striate.cli.summary", "Show what a network's layers cost and see of the picture."),
    "models": ("striate.cli.models", "List the networks that can be trained by name."),
}

GROUPS: dict[str, str] = {  # the first word of verbs of two words, its line in the list of verbs
    "data": "Check, split and pack a set of pictures.",
    "weights": "Find, fetch and convert published weights.",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line and return its exit status.

    Args:
        arguments: what follows `striate`; by default what the process was started with.
    """
    spin_briefly()
    from striate.cli.application import run

    return run(arguments)
