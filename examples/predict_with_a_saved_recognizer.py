"""Save a recognizer on its own, load it elsewhere, and answer only where it is sure enough."""

from pathlib import Path

import striate

SURE = 0.95  # below this probability a person looks

run = striate.train("digits", model="mlp_300", epochs=6, out="runs/digits", quiet=True)
run.recognizer().save(Path("digit-reader"))  # weights, preprocessing and class names, and nothing of the run
print("saved:", ", ".join(sorted(path.name for path in Path("digit-reader").iterdir())))

recognizer = striate.load("digit-reader")
table = striate.sources.open_table("digits")
rows = run.split.rows("test")
answers = recognizer.predict([table.pixels[row] for row in rows])  # paths and folders go as well
first = answers[0]
print(f"{table.name(rows[0])}: {first.class_name} with probability {first.probability:.2f}")

truths = [table.classes[table.labels[row]] for row in rows]
answered = [(answer, truth) for answer, truth in zip(answers, truths, strict=True) if answer.probability >= SURE]
right = sum(answer.class_name == truth for answer, truth in answered)
print(f"{len(answered)} of {len(answers)} pictures answered with probability {SURE} or more, {right} of them rightly")
