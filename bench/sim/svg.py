# SPDX-License-Identifier: BSD-3-Clause
"""Line charts as SVG, by the standard library alone: panels one above the other over one axis of time.

Colours follow the reader's light or dark scheme. A line is drawn with at most two points per pixel column.
"""

import dataclasses
import html
import math

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 760, 62, 14, 62, 44
PANEL, GAP = 132, 26
LIGHT = {"paper": "#ffffff", "ink": "#24292f", "faint": "#6e7781", "grid": "#e3e7eb", "blue": "#1f6fc4",
         "orange": "#c2570c", "gray": "#c9d1d9", "red": "#c4262e"}
DARK = {"paper": "#0d1117", "ink": "#e6edf3", "faint": "#9198a1", "grid": "#262c36", "blue": "#6cb2ff",
        "orange": "#f0a05a", "gray": "#3d444d", "red": "#ff7b72"}


def colours(scheme):
    """A class for lines and one for what is filled, of each colour."""
    return "".join(f".s-{name}{{stroke:{value}}}.f-{name}{{fill:{value}}}" for name, value in scheme.items())


STYLE = f"""text{{font:12px sans-serif}}.title{{font-size:15px;font-weight:600}}.tick{{font-size:11px}}
.line{{fill:none;stroke-width:1.5;stroke-linejoin:round}}.dashed{{stroke-dasharray:5 3}}.area{{opacity:.65}}
{colours(LIGHT)}
@media (prefers-color-scheme: dark) {{{colours(DARK)}}}"""


@dataclasses.dataclass
class Series:
    """Points (x, y) of one quantity. style: "line", "dashed", "area", or "marks", which have no y."""

    name: str
    colour: str
    points: list
    style: str = "line"
    steps: bool = False


@dataclasses.dataclass
class Panel:
    """One chart with its own vertical axis."""

    title: str
    series: list
    top: float = 0.0  # of the vertical axis; 0: as the points need


def nice_step(span, wanted):
    """1, 2 or 5 times a power of ten."""
    raw = span / wanted
    power = 10 ** math.floor(math.log10(raw))
    return next(f * power for f in (1, 2, 5, 10) if f * power >= raw * 0.999)


def ticks(low, high, wanted):
    step = nice_step(high - low, wanted)
    first = math.ceil(low / step - 1e-9)
    return [round(n * step, 9) for n in range(first, int(high / step + 1e-9) + 1)]


def number(value):
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.9g}"


def thin(points):
    """Of each pixel column its least and greatest point, and the last of all."""
    kept, column = [], []
    for point in [*points, None]:
        if column and (point is None or round(point[0]) != round(column[0][0])):
            by_height = sorted(range(len(column)), key=lambda i: column[i][1])
            chosen = sorted({by_height[0], by_height[-1]} | ({len(column) - 1} if point is None else set()))
            kept += [column[i] for i in chosen]
            column = []
        column.append(point)
    return kept


def path(points, steps):
    """The `d` of a path: points in a row of equal height are one stroke."""
    parts, last = [], None
    for index, (x, y) in enumerate(points):
        level = last is not None and y == last
        ahead = points[index + 1][1] if index + 1 < len(points) else None
        if level and ahead == y:
            continue
        if last is None:
            parts.append(f"M{x:.1f} {y:.1f}")
        elif steps and not level:
            parts.append(f"H{x:.1f}V{y:.1f}")
        else:
            parts.append(f"L{x:.1f} {y:.1f}")
        last = y
    return "".join(parts)


class Chart:
    """Panels with one title, one legend and one axis of time."""

    def __init__(self, title, unit, begin, end, panels):
        self.title, self.unit, self.begin, self.end, self.panels = title, unit, begin, end, panels
        self.height = TOP + len(panels) * (PANEL + GAP) - GAP + BOTTOM
        self.out = []

    def text(self, x, y, words, kind="", anchor="start"):
        colour = "f-faint" if kind == "tick" else "f-ink"
        self.out.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind} {colour}" text-anchor="{anchor}">'
                        f"{html.escape(words)}</text>")  # fmt: skip

    def x_of(self, x):
        return LEFT + (x - self.begin) / (self.end - self.begin) * (WIDTH - LEFT - RIGHT)

    def legend(self):
        x, seen = LEFT, set()
        for series in (series for panel in self.panels for series in panel.series):
            if series.name in seen:
                continue
            seen.add(series.name)
            stroke = f"s-{series.colour}"
            if series.style == "area":
                self.out.append(f'<rect class="area f-{series.colour}" x="{x}" y="34" width="22" height="9"/>')
            elif series.style == "marks":
                self.out.append(f'<path class="{stroke}" d="M{x + 11} 33v11" stroke-width="1.5"/>')
            else:
                self.out.append(f'<path class="line {series.style} {stroke}" d="M{x} 39h22"/>')
            self.text(x + 28, 43, series.name)
            x += 44 + 6.6 * len(series.name)

    def draw_series(self, series, bottom, y_of):
        inside = [point for point in series.points if self.begin <= point[0] <= self.end]
        if not inside:
            return
        if series.style == "marks":
            columns = sorted({round(self.x_of(x), 1) for x, _ in inside})
            marks = "".join(f"M{x} {bottom}v-9" for x in columns)
            self.out.append(f'<path class="s-{series.colour}" d="{marks}"/>')
            return
        d = path(thin([(self.x_of(x), y_of(y)) for x, y in inside]), series.steps)
        if series.style == "area":
            ends = [self.x_of(inside[0][0]), self.x_of(inside[-1][0])]
            d += f"L{ends[1]:.1f} {bottom:.1f}L{ends[0]:.1f} {bottom:.1f}Z"
            self.out.append(f'<path class="area f-{series.colour}" d="{d}"/>')
        else:
            self.out.append(f'<path class="line {series.style} s-{series.colour}" d="{d}"/>')

    def draw_panel(self, panel, top):
        bottom = top + PANEL
        seen = [y for series in panel.series if series.style != "marks"
                for x, y in series.points if self.begin <= x <= self.end]  # fmt: skip
        highest = panel.top or max(seen, default=1) * 1.05

        def y_of(value):
            return bottom - min(value, highest) / highest * PANEL

        for tick in ticks(0, highest, 4):
            self.out.append(f'<path class="s-grid" d="M{LEFT} {y_of(tick):.1f}H{WIDTH - RIGHT}"/>')
            self.text(LEFT - 6, y_of(tick) + 4, number(tick), "tick", "end")
        for series in sorted(panel.series, key=lambda s: s.style != "area"):
            self.draw_series(series, bottom, y_of)
        self.text(LEFT, top - 6, panel.title)

    def draw(self):
        """The whole file."""
        self.text(LEFT, 22, self.title, "title")
        self.legend()
        for number_of, panel in enumerate(self.panels):
            self.draw_panel(panel, TOP + 14 + number_of * (PANEL + GAP))
        bottom = self.height - BOTTOM + 14
        for tick in ticks(self.begin, self.end, 8):
            x = self.x_of(tick)
            self.out.append(f'<path class="s-faint" d="M{x:.1f} {bottom}v4"/>')
            self.text(x, bottom + 16, number(tick), "tick", "middle")
        self.text(WIDTH - RIGHT, bottom + 31, "time in seconds", "tick", "end")
        middle = (TOP + bottom) / 2
        self.out.append(f'<text class="tick f-faint" transform="translate(14 {middle:.0f}) rotate(-90)" '
                        f'text-anchor="middle">{html.escape(self.unit)}</text>')  # fmt: skip
        total = self.height + 14
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total}" width="{WIDTH}" '
                f'height="{total}" role="img" aria-label="{html.escape(self.title)}">\n<style>{STYLE}</style>\n'
                f'<rect width="{WIDTH}" height="{total}" class="f-paper"/>\n'
                + "\n".join(self.out) + "\n</svg>\n")  # fmt: skip
