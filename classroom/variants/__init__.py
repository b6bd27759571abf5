"""The graded variants, by chapter. Each module lists its QUESTIONS and WRITTEN questions; students get none of this."""

from . import ch04, ch05

MODULES = (ch04, ch05)
QUESTIONS = [question for module in MODULES for question in module.QUESTIONS]
WRITTEN = [question for module in MODULES for question in module.WRITTEN]
