"""A written page as a tree, read by the standard library's parser, which refuses tags that do not match."""

from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "link", "img", "input", "br", "hr"}


class Element:
    """A tag with its attributes, its own children and text."""

    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent = tag, dict(attributes), parent
        self.children, self.own = [], []

    def all(self, tag=None):
        """Every element below, in reading order."""
        for child in self.children:
            if tag in (None, child.tag):
                yield child
            yield from child.all(tag)

    @property
    def text(self):
        """Everything it says, white space collapsed."""
        return " ".join("".join(self._texts()).split())

    def _texts(self):
        for piece in self.own:
            yield from piece._texts() if isinstance(piece, Element) else [piece]


class Page(HTMLParser):
    """The whole page; `page.root` is above its `<html>`."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.root = self.here = Element("page", {}, None)
        self.feed(text)
        self.close()
        assert self.here is self.root, f"<{self.here.tag}> is never closed"

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice: {attrs}"
        found = Element(tag, attrs, self.here)
        self.here.children.append(found)
        self.here.own.append(found)
        if tag not in VOID:
            self.here = found

    def handle_endtag(self, tag):
        assert tag == self.here.tag, f"</{tag}> closes <{self.here.tag}>"
        self.here = self.here.parent

    def handle_data(self, data):
        self.here.own.append(data)


def read(path):
    """The page of a file."""
    return Page(Path(path).read_text(encoding="utf-8")).root
