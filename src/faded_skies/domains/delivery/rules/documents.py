"""Papers as trees of values: what the law's field paths find in them, and what they lack.

A path is names with dots between them; `items[]` is every element of a list, such as `items[].package_tag`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Tree = Mapping[str, Any]


def lacking(tree: Tree, paths: Iterable[str]) -> list[str]:
    """Return the paths that lead to nothing, in their order; one missing in a single element is missing."""
    return [path for path in dict.fromkeys(paths) if not _leads(tree, path.split("."))]


def _leads(value: Any, parts: Sequence[str]) -> bool:
    if not parts:
        return value is not None and value != ""
    if not isinstance(value, Mapping):
        return False
    name = parts[0].removesuffix("[]")
    found = value.get(name)
    if name == parts[0]:
        return _leads(found, parts[1:])
    return isinstance(found, Sequence) and all(_leads(one, parts[1:]) for one in found)


def pick(tree: Tree, paths: Iterable[str]) -> dict[str, Any]:
    """Return the tree with these paths only; a path that leads to a branch takes all of it."""
    wanted: dict[str, Any] = {}
    # The shortest first: what is taken whole is not narrowed by a longer path into it.
    for path in sorted(paths, key=lambda one: one.count(".")):
        _want(wanted, path.replace("[]", "").split("."))
    picked: dict[str, Any] = _cut(tree, wanted)
    return picked


def _want(wanted: dict[str, Any], parts: Sequence[str]) -> None:
    node = wanted
    for part in parts[:-1]:
        inner = node.setdefault(part, {})
        if inner is None:
            return
        node = inner
    node[parts[-1]] = None


def _cut(value: Any, wanted: Mapping[str, Any] | None) -> Any:
    if wanted is None:
        return value
    if isinstance(value, Mapping):
        return {name: _cut(value[name], rest) for name, rest in wanted.items() if name in value}
    if isinstance(value, list):
        return [_cut(one, wanted) for one in value]
    return value


def digest_of(content: Tree, *, before: str | None) -> str:
    """Return the SHA-256 of a paper, bound to the digest of the version before it."""
    text = json.dumps({"before": before, "content": content}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
