"""nbgrader's configuration for everybody on a hub: copy it to /etc/jupyter/nbgrader_config.py.

The teacher's course folder has one of its own besides, which `classroom make` writes; it says where the course is and
how answers are graded. Both name the course `rnn`. Tried by tests/classroom/test_hub.py.
Options: nbgrader's documentation, "Configuration options" and "Managing assignment files".
"""

import os

c = get_config()  # noqa: F821, nbgrader provides it
c.CourseDirectory.course_id = "rnn"
c.Exchange.root = os.environ.get("NBGRADER_EXCHANGE", "/srv/nbgrader/exchange")
