"""Draw docs/images/packages.svg from the imports of the code: `python -m docs.development.import_graph`.

Boxes are packages, and modules that import packages beside them; arrows point at what is imported. An import that
follows from others is left out.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path

import grimp

PICTURE = Path(__file__).parents[1] / "images" / "packages.svg"
BOX_WIDTH, BOX_HEIGHT, GAP, ROW_HEIGHT, PADDING, TITLE_HEIGHT = 104, 28, 14, 66, 18, 30
STYLE = """\
text { font: 13px system-ui, sans-serif; text-anchor: middle; dominant-baseline: central; fill: #1b2430 }
.title { font-weight: 600; text-anchor: start }
.panel { fill: #f6f8fa; stroke: #d0d7de } .box { fill: #fff; stroke: #57606a }
.arrow { fill: none; stroke: #57606a; marker-end: url(#head) } #head path { fill: #57606a }
"""

Imports = dict[str, set[str]]
Point = tuple[float, float]


def imports_within(graph: grimp.ImportGraph, root: str) -> Imports:
    """The imports among the direct children of a package, by their names without the package's."""
    children = graph.find_children(root)
    members = {child: {child, *graph.find_descendants(child)} for child in children}
    packages = {child for child in children if len(members[child]) > 1}
    found = {
        child: {
            other
            for other in children - {child}
            if any(graph.find_modules_directly_imported_by(module) & members[other] for module in members[child])
        }
        for child in children
    }
    shown = {child for child in children if child in packages or found[child] & packages}
    shown.discard(f"{root}.__main__")
    return {_name(child): {_name(other) for other in found[child] & shown} for child in sorted(shown)}


def _name(module: str) -> str:
    return module.split(".", 1)[1]


def levels(imports: Imports) -> dict[str, int]:
    """How many imports lie below each name; a name that is part of a cycle counts it once."""
    found: dict[str, int] = {}

    def level(name: str, above: tuple[str, ...]) -> int:
        if name not in found:
            below = [level(other, (*above, name)) for other in sorted(imports[name]) if other not in (*above, name)]
            found[name] = 1 + max(below, default=-1)
        return found[name]

    for name in imports:
        level(name, ())
    return found


def essential(imports: Imports) -> Iterator[tuple[str, str]]:
    """The imports that do not follow from others (transitive reduction)."""
    reached: Imports = {}

    def reach(name: str, above: tuple[str, ...]) -> set[str]:
        if name not in reached:
            below = [other for other in sorted(imports[name]) if other not in above]
            reached[name] = set(below).union(*(reach(other, (*above, name)) for other in below))
        return reached[name]

    for name, others in imports.items():
        for other in sorted(others):
            if not any(other in reach(between, (name,)) for between in sorted(others - {other})):
                yield name, other


def panel(root: str, imports: Imports, left: float, top: float, width: float) -> tuple[list[str], float]:
    """The SVG elements of one package, and the panel's height."""
    rows: dict[int, list[str]] = {}
    for name, level in levels(imports).items():
        rows.setdefault(level, []).append(name)
    height = TITLE_HEIGHT + len(rows) * ROW_HEIGHT + PADDING - (ROW_HEIGHT - BOX_HEIGHT)
    at: dict[str, Point] = {}
    for row, level in enumerate(sorted(rows, reverse=True)):
        names = rows[level]
        first = left + (width - len(names) * (BOX_WIDTH + GAP) + GAP) / 2
        for column, name in enumerate(names):
            at[name] = (first + column * (BOX_WIDTH + GAP) + BOX_WIDTH / 2, top + TITLE_HEIGHT + row * ROW_HEIGHT)
    elements = [f'<rect class="panel" x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="6"/>']
    elements.append(f'<text class="title" x="{left + PADDING:g}" y="{top + TITLE_HEIGHT / 2:g}">{root}/</text>')
    elements += [arrow(at[name], at[other]) for name, other in essential(imports)]
    for name, (x, y) in at.items():
        box = f'x="{x - BOX_WIDTH / 2:g}" y="{y:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}"'
        elements.append(f'<rect class="box" {box} rx="4"/>')
        elements.append(f'<text x="{x:g}" y="{y + BOX_HEIGHT / 2:g}">{escape(name)}</text>')
    return elements, height


def arrow(source: Point, target: Point) -> str:
    """From the bottom of one box to the top of another."""
    (x, y), (to_x, to_y) = source, target
    y += BOX_HEIGHT
    middle = (y + to_y) / 2
    return f'<path class="arrow" d="M{x:g} {y:g} C{x:g} {middle:g} {to_x:g} {middle:g} {to_x:g} {to_y - 4:g}"/>'


def render() -> str:
    """The picture as SVG: `webapp` and `training` side by side, above `inference`, which both import."""
    graph = grimp.build_graph("webapp", "inference", "training", exclude_type_checking_imports=True)
    web, web_height = panel("webapp", imports_within(graph, "webapp"), 10, 10, 500)
    training, training_height = panel("training", imports_within(graph, "training"), 530, 10, 500)
    top = 10 + max(web_height, training_height) + 40
    inference, height = panel("inference", imports_within(graph, "inference"), 10, top, 1020)
    between = [
        arrow((260, 10 + web_height - BOX_HEIGHT), (260, top)),
        arrow((780, 10 + training_height - BOX_HEIGHT), (780, top)),
    ]
    head = '<marker id="head" markerWidth="7" markerHeight="7" refX="3" refY="3.5" orient="auto">'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1040 {top + height + 10:g}" role="img">',
            "<title>Packages and what they import</title>",
            f'<style>\n{STYLE}</style>\n<defs>{head}<path d="M0 0 L7 3.5 L0 7 Z"/></marker></defs>',
            *web,
            *training,
            *inference,
            *between,
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    PICTURE.write_text(render())
