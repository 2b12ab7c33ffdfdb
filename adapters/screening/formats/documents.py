"""Elements of XML files, one at a time, with their lines. Document types, and so entities, are refused unread."""

from collections.abc import Callable, Iterator
from typing import Final, override
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from adapters.screening.formats.damage import DamagedList
from tenure.ports import ListFile

_CHUNK: Final = 64 * 1024
_DEEPEST: Final = 20

type Line = tuple[int, Element]


class _Collector(TreeBuilder):
    """Builds what is wanted, and forgets it once it was taken."""

    def __init__(self, wanted: frozenset[str]) -> None:
        super().__init__()
        self.line: Callable[[], int] = lambda: 0
        self.root: Element | None = None
        self.done: list[Line] = []
        self._wanted = wanted
        self._path: list[tuple[int, Element]] = []

    @override
    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        element = super().start(tag, attrs)
        self.root = element if self.root is None else self.root
        if len(self._path) == _DEEPEST:
            raise ParseError("elements are nested too deeply")
        self._path.append((self.line(), element))
        return element

    @override
    def end(self, tag: str, /) -> Element:
        element = super().end(tag)
        line, _ = self._path.pop()
        if tag in self._wanted and self._path:
            self.done.append((line, element))
            self._path[-1][1].remove(element)
        return element


def root(file: ListFile) -> Element | None:
    """The outermost element with its attributes; None where the file does not begin as XML."""
    file.content.seek(0)
    collector, parser = _parser(frozenset())
    try:
        parser.feed(file.content.read(_CHUNK))
    except (ParseError, DefusedXmlException, ValueError):
        return collector.root
    return collector.root


def elements(file: ListFile, *tags: str) -> Iterator[Line]:
    """Each element of these names, whole, with the line on which it begins.

    Raises:
        DamagedList: the file ends too early, is not well-formed, is in another encoding, or declares a document type.
    """
    file.content.seek(0)
    collector, parser = _parser(frozenset(tags))
    try:
        while chunk := file.content.read(_CHUNK):
            parser.feed(chunk)
            yield from collector.done
            collector.done.clear()
        parser.close()
    except DefusedXmlException:
        raise DamagedList(file.name, collector.line(), "it declares a document type or an entity") from None
    except (ParseError, ValueError, LookupError) as error:
        raise DamagedList(file.name, collector.line(), f"this is no XML: {error}") from None
    yield from collector.done


def text(element: Element, *path: str) -> str:
    """The text at a path below an element, or nothing."""
    return (element.findtext("/".join(path)) or "").strip()


def _parser(wanted: frozenset[str]) -> tuple[_Collector, DefusedXMLParser]:
    collector = _Collector(wanted)
    parser = DefusedXMLParser(target=collector, forbid_dtd=True)
    collector.line = lambda: int(parser.parser.CurrentLineNumber)
    return collector, parser
