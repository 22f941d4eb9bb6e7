"""The report of a run: one self-contained HTML file, and its figures as PNG.

`page.write` makes both; `contents.Extras` is what only the caller can show.
"""
