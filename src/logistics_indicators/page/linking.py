"""The modules of the first view as one file, so that a browser asks once and not forty times.

A module becomes a function that is called in its turn and answers what it exports. A module that comes later takes what
it imports of these from that file: each is there once. Only what our modules are written with is known here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import dirname, join, normpath, relpath

IMPORT = re.compile(r'^import\s*(?:(?P<whole>\w+)|\{(?P<names>[^}]*)\})\s*from\s*"(?P<path>\.[^"]+)";?', re.MULTILINE)
EXPORTED = re.compile(r"^export (?=(?:(?:async )?function\*?|const|class) (?P<name>\w+))", re.MULTILINE)
EXPORTS = re.compile(r"(?:^|(?<=[;}]))export\s*\{(?P<names>[^}]*)\};?", re.MULTILINE)
DEFAULT = "export default "
LEFT_OVER = re.compile(r"^(?:import|export)\b", re.MULTILINE)

Sources = Mapping[str, str]
"""By their names below the folder."""


class NotLinked(ValueError):
    """A module is written in a way that is not known here, or imports itself over others."""


def in_order(sources: Sources, first: str) -> Iterable[str]:
    """The module, after all that it needs: as a browser runs them."""
    done: dict[str, None] = {}

    def add(name: str, importing: tuple[str, ...]) -> None:
        if name in importing:
            raise NotLinked(" → ".join((*importing, name)))
        for needed in _needs(sources[name], name):
            if needed not in done:
                add(needed, (*importing, name))
        done[name] = None

    add(first, ())
    return done


def linked(sources: Sources, names: Iterable[str], apart: Iterable[str] = ()) -> str:
    """One module of these. apart: those that a browser has already, each as a file of its own."""
    there = list(apart)
    parts = [f'import * as ${place} from "./{name}";' for place, name in enumerate(there)]
    known = ", ".join(f'"{name}": ${place}' for place, name in enumerate(there))
    parts.append(f"export const modules = {{ {known} }};")
    parts += [_as_function(sources[name], name) for name in names if name not in there]
    return "\n".join(parts)


def relinked(source: str, name: str, linked_name: str, there: Iterable[str]) -> str:
    """A module that comes later, with what it needs of the modules of that file taken from there."""
    known = set(there)
    if known.isdisjoint(_needs(source, name)):
        return source
    path = relpath(linked_name, dirname(name) or ".")
    taken = IMPORT.sub(lambda found: _taken(found, name) if _target(found, name) in known else found[0], source)
    return f'import {{ modules }} from "{path if path.startswith(".") else f"./{path}"}";\n{taken}'


def _as_function(source: str, name: str) -> str:
    exports = dict(_exports(source))
    body = IMPORT.sub(lambda found: _taken(found, name), source)
    body = EXPORTS.sub("", EXPORTED.sub("", body)).replace(DEFAULT, "const $default = ")
    if found := LEFT_OVER.search(body):
        raise NotLinked(f"{name}: {body[found.start() :].splitlines()[0]}")
    answered = ", ".join(f"{outside}: {inside}" for outside, inside in exports.items())
    return f'modules["{name}"] = (() => {{\n{body}\nreturn {{ {answered} }};\n}})();'


def _needs(source: str, name: str) -> Iterator[str]:
    return (_target(found, name) for found in IMPORT.finditer(source))


def _target(found: re.Match[str], name: str) -> str:
    return normpath(join(dirname(name), found["path"]))


def _taken(found: re.Match[str], name: str) -> str:
    names = f"default: {found['whole']}" if found["whole"] else found["names"].replace(" as ", ": ")
    return f'const {{ {names} }} = modules["{_target(found, name)}"];'


def _exports(source: str) -> Iterator[tuple[str, str]]:
    """What each is called outside and inside."""
    for found in EXPORTED.finditer(source):
        yield found["name"], found["name"]
    for found in EXPORTS.finditer(source):
        for each in filter(None, (each.strip() for each in found["names"].split(","))):
            inside, _, outside = each.partition(" as ")
            yield outside or inside, inside
    if DEFAULT in source:
        yield "default", "$default"
