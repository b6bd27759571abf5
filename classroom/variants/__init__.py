"""The graded variants, by chapter. Each module lists its QUESTIONS and WRITTEN questions; students get none of this."""

from . import ch02, ch03, ch04, ch05, ch06, ch08, ch10, ch11, ch15, ch16, ch17, ch19

MODULES = (ch02, ch03, ch04, ch05, ch06, ch08, ch10, ch11, ch15, ch16, ch17, ch19)
QUESTIONS = [question for module in MODULES for question in module.QUESTIONS]
WRITTEN = [question for module in MODULES for question in module.WRITTEN]
