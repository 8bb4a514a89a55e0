"""What a drawing may hold: the lists that svg_safety.py lets through.

Taken from what Mermaid 12.3.0 and @zenuml/core 4.7.2 write (benchmarks/render_coverage.py
counts what is left out), then closed over the same kind of thing in the SVG 1.1 and CSS
specifications. Nothing here can run, load, navigate, or place itself outside the drawing.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SVG_ELEMENTS = _words("""
    svg g defs symbol use switch a title desc style foreignObject image
    path rect circle ellipse line polyline polygon text tspan textPath
    marker pattern clipPath mask linearGradient radialGradient stop filter
    feBlend feColorMatrix feComponentTransfer feComposite feDropShadow feFlood feFuncA feFuncB
    feFuncG feFuncR feGaussianBlur feMerge feMergeNode feMorphology feOffset
""")

SVG_ATTRIBUTES = _words("""
    id class role lang tabindex xml:lang xml:space version
    x y x1 y1 x2 y2 cx cy r rx ry fx fy fr dx dy width height d points pathLength rotate
    viewBox preserveAspectRatio transform transform-origin gradientTransform patternTransform offset
    refX refY orient markerWidth markerHeight markerUnits
    gradientUnits patternUnits patternContentUnits clipPathUnits maskUnits maskContentUnits
    filterUnits primitiveUnits spreadMethod
    in in2 result mode operator stdDeviation flood-color flood-opacity k1 k2 k3 k4 radius
    values tableValues slope intercept amplitude exponent type
    color opacity display visibility overflow color-interpolation-filters
    fill-opacity fill-rule clip-rule paint-order shape-rendering text-rendering vector-effect
    stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit
    stroke-dasharray stroke-dashoffset stop-color stop-opacity pointer-events
    font-family font-size font-style font-weight font-variant letter-spacing word-spacing
    text-anchor text-decoration textLength lengthAdjust startOffset method spacing side
    dominant-baseline alignment-baseline baseline-shift writing-mode direction unicode-bidi
""")

SVG_PAINT_ATTRIBUTES = _words("""
    fill stroke filter clip-path mask marker marker-start marker-mid marker-end
""")
"""Attributes that may refer to a part of the drawing by url(#id)."""

HTML_ELEMENTS = _words("""
    div span p br wbr hr b strong i em u s del ins mark small sub sup code kbd samp var pre q
    cite abbr blockquote ul ol li dl dt dd h1 h2 h3 h4 h5 h6
    table caption thead tbody tfoot tr th td img
""")

VOID_HTML_ELEMENTS = _words("br wbr hr img")

SILENT_HTML_ELEMENTS = _words("""
    script style template noscript noembed noframes iframe frame frameset object embed applet
    audio video canvas svg math annotation head title base link meta textarea select option
    input button form dialog portal xmp plaintext
""")
"""Unknown tags in a label leave their words behind; the words of these are no label."""

HTML_ATTRIBUTES = _words("""
    id class role lang dir title align valign colspan rowspan start width height alt
""")

CSS_PROPERTIES = _words("""
    color opacity display visibility overflow overflow-wrap word-break word-wrap white-space
    fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap
    stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset paint-order
    stop-color stop-opacity flood-color flood-opacity clip-rule clip-path mask mask-type filter
    marker marker-start marker-mid marker-end shape-rendering text-rendering vector-effect
    color-interpolation-filters mix-blend-mode isolation pointer-events
    transform transform-origin transform-box scale rotate translate
    animation animation-name animation-duration animation-timing-function animation-delay
    animation-iteration-count animation-direction animation-fill-mode
    transition transition-property transition-duration transition-timing-function transition-delay
    font font-family font-size font-style font-weight font-variant font-variant-caps
    font-stretch line-height letter-spacing word-spacing
    text-align text-align-last text-anchor text-decoration text-decoration-line
    text-decoration-style text-decoration-color text-decoration-thickness text-indent
    text-overflow text-shadow text-transform text-underline-offset text-wrap vertical-align
    dominant-baseline alignment-baseline baseline-shift writing-mode direction unicode-bidi
    hyphens tab-size list-style list-style-type
    background background-color border border-color border-style border-width border-radius
    border-top border-right border-bottom border-left border-collapse border-spacing
    outline box-shadow box-sizing
    width height min-width min-height max-width max-height
    margin margin-top margin-right margin-bottom margin-left
    padding padding-top padding-right padding-bottom padding-left
    align-items align-content align-self justify-content justify-items
    flex flex-direction flex-wrap flex-grow flex-shrink flex-basis gap row-gap column-gap order
    x y cx cy r rx ry d
""")
"""Without position, z-index, content, cursor and what loads a resource."""

CSS_FUNCTIONS = _words("""
    rgb rgba hsl hsla hwb lab lch oklab oklch color color-mix var calc min max clamp
    translate translatex translatey scale scalex scaley rotate skew skewx skewy matrix
    blur brightness contrast drop-shadow grayscale hue-rotate invert opacity saturate sepia
    cubic-bezier steps linear-gradient radial-gradient inset
""") | {""}
"""The empty name is a plain parenthesis, as in calc((1 + 2) * 3px)."""
