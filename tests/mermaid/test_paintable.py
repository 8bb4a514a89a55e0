"""Rewritings for novasvg keep what a drawing looks like."""

from __future__ import annotations

import novasvg
import pytest

from naiad.mermaid.paintable import paintable


def svg_of(content: str, style: str = "") -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20" viewBox="0 0 20 20">'
        f"<style>{style}</style>{content}</svg>"
    )


def painted(svg: str) -> bytes:
    bitmap = novasvg.Document.load_from_data(svg).render_to_bitmap(20, 20, 0xFFFFFFFF)
    content: bytes = bitmap.to_bytes("png")
    return content


BLANK = painted(svg_of(""))


def test_a_line_in_a_transparent_group_is_painted() -> None:
    line = (
        '<g style="opacity:0.8;" transform="translate(5,20)">'
        '<line stroke="black" y2="-18"></line></g>'
    )
    # Once novasvg paints it by itself, the rewriting can go.
    assert painted(svg_of(line)) == BLANK
    assert painted(paintable(svg_of(line))) != BLANK


@pytest.mark.parametrize(
    "selector",
    ['[data-k="v"] rect', "[data-k='v'] rect", "[data-k=v].n rect", '.n[data-k="v"] rect'],
)
def test_attribute_selectors_match(selector: str) -> None:
    rect = '<g class="n" data-k="v"><rect width="9" height="9"></rect></g>'
    red = svg_of(rect.replace("<rect", '<rect fill="red"'))
    assert painted(paintable(svg_of(rect, f"{selector}{{fill:red;}}"))) == painted(red)
    other = svg_of(rect.replace('"v"', '"w"'), f"{selector}{{fill:red;}}")
    assert painted(paintable(other)) == painted(svg_of(rect))


def test_a_negative_stroke_width_does_not_hide_the_one_before() -> None:
    path = '<path class="a b" stroke="black" d="M2 9H18"></path>'
    both = svg_of(path, ".a{stroke-width:6;}.b{stroke-width:-1;}")
    assert painted(paintable(both)) == painted(svg_of(path, ".a{stroke-width:6;}"))


def test_radii_in_a_style_round_the_corners() -> None:
    styled = (
        '<rect style="fill:red;rx:9px !important;ry:9px !important;" rx="1" '
        'width="20" height="20"></rect>'
    )
    plain = '<rect fill="red" rx="9" ry="9" width="20" height="20"></rect>'
    assert painted(paintable(svg_of(styled))) == painted(svg_of(plain))


def test_what_needs_nothing_is_left_as_it_is() -> None:
    svg = svg_of('<g class=\'a "b\'><path d="M0 0"></path><text>a &lt;line x1="2"> b</text></g>')
    assert paintable(svg) == svg
