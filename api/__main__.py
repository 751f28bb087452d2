"""`make openapi`: writes the description to standard output."""

import sys

from api.document import render_document

sys.stdout.write(render_document())
