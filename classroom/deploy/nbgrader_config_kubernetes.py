"""nbgrader's configuration on Kubernetes, /etc/jupyter/nbgrader_config.py of the image.

There every student is the same user, jovyan, in a container of their own. A shared folder as exchange would let each
read what the others submit; so the service ngshare keeps it, and asks the hub who is who. After ngshare's
"Installing on a Z2JH Cluster". Not tried where this was written.
"""

from ngshare_exchange import configureExchange

c = get_config()  # noqa: F821, nbgrader provides it
configureExchange(c)
c.CourseDirectory.course_id = "rnn"
