"""Graded assignments made from the chapters' exercises, on nbgrader.

    python -m classroom make --chapters 4 5 --seed 2027     an assignment: graded variants of the practice exercises
    python -m classroom grade FOLDER                        a folder of submissions into grades by question

What a student wrote runs in a sandbox that sees neither the gradebook nor this package (`sandbox`, `runner`); it is
given the arguments of hidden cases and gives back what its functions return. What that is worth is decided outside
(`judge`). So no code of a student's can read an expected answer or set a score.
"""
