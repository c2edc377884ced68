"""A hook of mkdocs: links from a page into the repository outside docs/ lead to its files on the web."""

import re
from pathlib import Path
from typing import Any

from mkdocs.plugins import get_plugin_logger

ROOT = Path(__file__).parents[2]
OUTSIDE = re.compile(r"\]\(\.\./([^)#]+)(#[^)]*)?\)")
log = get_plugin_logger("repository_links")


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:  # noqa: ARG001 - called by name
    """The page with these links; one that leads nowhere is a warning, which ends a strict build."""

    def on_the_site(link: re.Match[str]) -> str:
        path, anchor = link[1], link[2] or ""
        if not (ROOT / path).exists():
            log.warning("%s links to %s, which is not in the repository", page.file.src_path, path)
        return f"]({config.repo_url.rstrip('/')}/blob/main/{path}{anchor})"

    return OUTSIDE.sub(on_the_site, markdown)
