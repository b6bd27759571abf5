PYTHON ?= python3

.PHONY: book html test lab classroom notebooks bench pins
book: ; $(PYTHON) dev.py book
html: ; $(PYTHON) dev.py html
test: ; $(PYTHON) dev.py test
lab: ; $(PYTHON) dev.py lab
classroom: ; $(PYTHON) dev.py classroom
notebooks: ; $(PYTHON) dev.py notebooks
bench: ; $(PYTHON) dev.py bench
pins: ; $(PYTHON) dev.py pins
