"""Code of the guide, to run it."""

import re

from conftest import HERE

DOCS = HERE.parent.parent / "crudauth" / "docs"


def python_of(page, **names):
    """The names that the first Python block of a page defines, given those that it needs."""
    block = re.search(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    exec(block.group(1), names)
    return names


def sql_of(page, start):
    """The line of a page that starts like this."""
    return re.search(f"^{re.escape(start)}.*$", (DOCS / page).read_text(), re.MULTILINE).group()
