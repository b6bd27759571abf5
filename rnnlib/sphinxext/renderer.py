"""The plug-in through which myst-nb reads an explorer's output."""

from rnnlib.explorers.specs import MIME
from rnnlib.sphinxext.explorers import HTML_BUILDERS, explorer


class ExplorerRenderer:
    """Turn the explorer's MIME type into a node; builders other than HTML keep the picture or the text beside it."""

    mime_priority_overrides = [(builder, MIME, 1) for builder in HTML_BUILDERS]

    @staticmethod
    def handle_mime(renderer, data, inline):
        """Return the node for an explorer, None for anything else."""
        if data.mime_type != MIME or inline:
            return None
        return [explorer("", payload=data.content)]
