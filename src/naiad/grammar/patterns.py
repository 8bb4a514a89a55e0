"""The pieces that line patterns are made of.

A line pattern is a regular expression in the dialect that Python's `re` and Rust's
`regex-syntax` (and so llguidance) have in common: Python reads lines with it, the engines
generate lines with it, and nothing is written twice. Of that dialect, mind:

- no lookaround and no back-references: a finite set of forbidden names is `name(except_for=…)`;
- in a character class escape `& - ~ [ ] ^ \\`, and never escape `<` or `>` anywhere;
- named groups `(?P<name>…)` are for Python; `without_names` removes them for llguidance;
- lines are bounded, so no `*` or `+` without a limit: `{0,30}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from naiad.grammar.pattern_variants import remember, widened

LONGEST_TEXT = 120
"""Characters of one label, message or title."""
LONGEST_NAME = 40
"""Characters of one identifier."""

_CONTROLS = r"\x00-\x1f\x7f-\x9f"
# JavaScript ends a line at U+2028 and U+2029 too; the others reorder or hide what a reader sees.
_INVISIBLE = r"\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff"
# Mermaid marks the entities it has taken out of a text with these two (and ° and ß after them).
_PLACEHOLDERS = r"\ufb02\u00b6"
_SPACES = r" \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"

LETTERS = (
    r"\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017f"
    r"\u0391-\u03a1\u03a3-\u03c9\u0410-\u044f\u0401\u0451"
)
"""Letters of Latin with accents, Greek and Cyrillic, the inside of a character class."""
IDEOGRAPHS = r"\u3041-\u3096\u30a1-\u30fa\u30fc\u4e00-\u9fcc\uac00-\ud7a3"
"""Chinese, Japanese and Korean characters of words, the inside of a character class."""

# Of what is beyond ASCII only Latin letters may follow the beginning of a keyword: Python takes
# half a millisecond to compile a class that reaches beyond U+00FF.
_BEYOND_ASCII = r"\u00a1-\u00b5\u00b7-\u00ff"

LINE_BREAK = "<br/>"
ENTITY = r"#(?:[0-9]{1,5}|[a-z]{2,8});"
"""Mermaid's own escape of a character: `#quot;`, `#35;`."""

INTEGER = r"(?:0|[1-9][0-9]{0,5})"
DECIMAL = r"(?:0|[1-9][0-9]{0,6})(?:\.[0-9]{1,4})?"
DATE = (
    r"(?:19|20)[0-9]{2}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
"""A day of the calendar, 1900 to 2099, YYYY-MM-DD. Of February, 28 days."""
COLOR = r"#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})"
"""Three or six hex digits. Colour names differ from browser to browser; these do not."""


def literal(text: str) -> str:
    """Pattern of exactly this text. Unlike re.escape it is the same to Python and Rust."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


def one_of(texts: Iterable[str]) -> str:
    """Pattern of any of these texts, the longest first: Python takes the first that fits.

    There must be at least one: with none there is no line to write, so leave the form out.
    """
    ordered = sorted(set(texts), key=lambda text: (-len(text), text))
    if not ordered:
        raise ValueError("one_of() of no texts")
    return f"(?:{'|'.join(literal(text) for text in ordered)})"


def text(
    excluding: str = '"<>#;\\`',
    *,
    units: Iterable[str] = (LINE_BREAK, ENTITY),
    longest: int = LONGEST_TEXT,
    first_except: str = "",
    first_word_except: Iterable[str] = (),
    second_except: str = "",
) -> str:
    """Pattern of free text of 1 … `longest` units that begins with a character that shows.

    excluding: characters that the family's parser would take for something else. units:
    patterns of several characters that stand for one, although they hold excluded characters.
    first_except, second_except: what may not come first or second. first_word_except: words of
    a-z that the text, in any case, does not begin with, for where the parser knows statements by
    their first word.
    Controls, line separators and invisible reordering characters are always excluded. A `%` is
    never followed by another one, which could begin a directive; excluded, it is nowhere.
    """
    shut = _shut(excluding)
    rest = _rest_of_text(excluding, units, longest)
    words = frozenset(first_word_except)
    if not words and not second_except:
        first_unit = "|".join([f"[^{shut}{_SPACES}{_escaped(first_except)}]", *units])
        return f"(?:{first_unit}){rest}"
    heads, whole = _heads(words, (excluding, first_except, second_except), tuple(units))
    if "%" not in second_except:
        heads.append(f"(?:{whole[0]})%[^{shut}]")
        whole.append(f"(?:{whole[0]})%")
    exact = f"(?:(?:{'|'.join(heads)}){rest}|{'|'.join(whole)})"
    # An exact text may be longer by the beginning of a word that it leaves.
    more = longest + 2 + max((len(word) for word in words), default=0)
    wide = text(excluding, units=units, longest=more, first_except=first_except)
    ahead = f"(?!(?ai:{one_of(words)})(?![A-Za-z0-9_]))" if words else ""
    if second_except:
        first = "|".join([f"[^{shut}]", *units])
        ahead += f"(?!(?:{first})[{_escaped(second_except)}])"
    return remember(exact, lookahead=f"(?:{ahead}{wide})", wide=f"(?:{wide})")


def _rest_of_text(excluding: str, units: Iterable[str], longest: int) -> str:
    """Pattern of a text from its second unit on."""
    shut = _shut(excluding)
    if "%" in excluding:
        return f"(?:{'|'.join([f'[^{shut}]', *units])}){{0,{longest - 1}}}"
    return f"(?:{'|'.join([f'[^{shut}]', f'%[^{shut}]', *units])}){{0,{longest - 1}}}%?"


def _heads(
    words: frozenset[str], barred: tuple[str, str, str], units: tuple[str, ...]
) -> tuple[list[str], list[str]]:
    """Patterns of how texts begin that begin with none of the words, and of those that end so.

    barred: the characters that come nowhere, not first, not second.
    """
    excluding, first_except, second_except = barred
    shut = _shut(excluding)
    second = shut + _escaped(second_except)
    letters = frozenset(word[0] for word in words)
    not_first = _escaped(first_except) + _both_cases(letters)
    alone = "|".join([f"[^{shut}{_SPACES}{not_first}]", *units])
    heads, whole = [f"(?:{alone})(?:{'|'.join([f'[^{second}]', *units])})"], [alone]
    for letter in sorted(letters):
        suffixes = frozenset(word[1:] for word in words if word[0] == letter)
        ways = _ways_out(suffixes, excluding + second_except, excluding)
        heads += [f"[{_both_cases(letter)}]{way}" for way in ways]
        whole += [f"[{_both_cases(letter)}]{way}" for way in _beginnings_of(suffixes)]
    return heads, whole


def _ways_out(suffixes: frozenset[str], barred: str, later: str) -> Iterator[str]:
    """Patterns of what leaves all forbidden words behind, of which `suffixes` are what is left.

    barred: characters that may not come next; later: those that may not come after that. What
    may come is named, in few ranges: the classes of `text` would make these patterns slow.
    """
    letters = _both_cases({suffix[0] for suffix in suffixes if suffix})
    if "" in suffixes:
        # A whole word has been read, and only a letter behind it makes it another word.
        yield _class_of(_members("A-Za-z0-9_") - set(letters))
    else:
        showing = frozenset(map(chr, range(0x20, 0x7F)))
        yield _class_of(showing - set(f"%{barred}{letters}"))[:-1] + f"{_BEYOND_ASCII}]"
    for letter in sorted({suffix[0] for suffix in suffixes if suffix}):
        further = frozenset(suffix[1:] for suffix in suffixes if suffix[:1] == letter)
        for way in _ways_out(further, later, later):
            yield f"[{_both_cases(letter)}]{way}"


def _beginnings_of(suffixes: frozenset[str]) -> Iterator[str]:
    """Patterns of the proper beginnings of forbidden words, each of which is a whole text."""
    if "" not in suffixes:
        yield ""
    for letter in sorted({suffix[0] for suffix in suffixes if suffix}):
        further = frozenset(suffix[1:] for suffix in suffixes if suffix[:1] == letter)
        for beginning in _beginnings_of(further):
            yield f"[{_both_cases(letter)}]{beginning}"


def _both_cases(letters: Iterable[str]) -> str:
    return "".join(sorted({case for each in letters for case in (each.lower(), each.upper())}))


def _shut(excluding: str) -> str:
    """The inside of a negated class: what free text never holds."""
    return f"{_CONTROLS}{_INVISIBLE}{_PLACEHOLDERS}%{_escaped(excluding)}"


def _escaped(characters: str) -> str:
    """Inside of a class that holds exactly these characters."""
    return "".join(f"\\{each}" if each in r"\&-~[]^" else each for each in characters)


def undirected_text(
    excluding: str = '"<>#;\\`',
    *,
    units: Iterable[str] = (LINE_BREAK, ENTITY),
    longest: int = LONGEST_TEXT,
) -> str:
    """Pattern of free text, as of `text`, in which no word begins with TB, BT, LR or RL.

    Some lexers take every line for a direction that has `direction TB` anywhere, even in quotes.
    It may begin so: nothing stands before it. A blank is never followed by another one.
    """
    shut = f"{_shut(excluding)}{_SPACES}"
    percent = "" if "%" in excluding else "%?"
    rest = _rest_of_undirected_text(excluding, units, longest)
    return f"(?:{percent}[^{shut}]|{'|'.join(units)}){rest}"


def _rest_of_undirected_text(excluding: str, units: Iterable[str], longest: int) -> str:
    shut = f"{_shut(excluding)}{_SPACES}"
    percent = "" if "%" in excluding else "%?"
    pairs = ("Tt", "Bb"), ("Bb", "Tt"), ("Ll", "Rr"), ("Rr", "Ll")
    words = [f"[^{shut}TtBbLlRr]", *(f"[{first}][^{shut}{then}]" for first, then in pairs), *units]
    words.append(f"[TtBbLlRr][{_SPACES}](?:{'|'.join(words)})")
    unit = "|".join([f"{percent}(?:[^{shut}]|[{_SPACES}](?:{'|'.join(words)}))", *units])
    return f"(?:{unit}){{0,{longest - 1}}}(?:[{_SPACES}][TtBbLlRr])?{percent}"


def text_except(
    taken: Iterable[str],
    excluding: str = '"<>#;\\`',
    *,
    units: Iterable[str] = (LINE_BREAK, ENTITY),
    longest: int = LONGEST_TEXT,
    undirected: bool = False,
) -> str:
    """Pattern of free text, as of `text` or `undirected_text`, that is none of `taken`.

    Each alternative follows a taken text for a while and then leaves it: "ab" is avoided by what
    does not begin with a, by "a", by "a" and then not b, and by "ab" and more. They are not nested,
    since Rust's engine limits how deep a pattern may be. Generated texts are stricter than need be:
    a unit of several characters, and a `%`, are never where a text leaves a taken one; what
    follows that place is at most half as long as a text; and a taken text that is longer than
    that forbids all that begin with its first half.
    """
    half = longest // 2
    words = {each[:half] for each in taken if each}
    whole_words = {each for each in taken if each and len(each) < half}
    cut_words = words - whole_words
    if not words:
        if undirected:
            return undirected_text(excluding, units=units, longest=longest)
        return text(excluding, units=units, longest=longest)
    shut = _shut(excluding)
    rest = _rest_of_undirected_text if undirected else _rest_of_text
    heads, wholes = [], []
    starts = {word[:length] for word in words for length in range(len(word) + 1)} - cut_words
    for start in sorted(starts):
        following = {word[len(start)] for word in words if word.startswith(start) and word != start}
        barred = _escaped("".join(sorted(following)))
        if undirected:
            heads += [literal(start) + each for each in _undirected_ways(start, shut, barred)]
        else:
            heads.append(f"{literal(start)}[^{shut}{barred}{'' if start else _SPACES}]")
        wholes += [start] if start and start not in words else []
    # One tail for all: with a tail each, forty taken labels take minutes to compile.
    leaving = f"(?:{'|'.join(heads)}){rest(excluding, units, longest - half)}"
    exact = f"(?:{leaving}|{one_of(wholes)})" if wholes else f"(?:{leaving})"
    any_text = text_except((), excluding, units=units, longest=longest, undirected=undirected)
    goes_on = "|".join([f"[^{shut}]", *([] if "%" in excluding else [f"%[^{shut}]"]), *units])
    ahead = f"(?!{one_of(whole_words)}(?!{goes_on}))" if whole_words else ""
    ahead += f"(?!{one_of(cut_words)})" if cut_words else ""
    return remember(
        exact,
        lookahead=f"{ahead}(?:{any_text})",
        wide=f"(?:{any_text})",
        without=f"(?:{any_text})",
        words=words,
    )


def _undirected_ways(start: str, shut: str, barred: str) -> Iterator[str]:
    """Patterns of what leaves a taken text behind `start` without beginning a word with TB."""
    begins_word = re.search(r"(?:^|\s)[TBLR]?\Z", start, re.IGNORECASE)
    letters = "TtBbLlRr" if begins_word and start else ""
    yield f"[^{shut}{_SPACES}{barred}{letters}]"
    if start and not start[-1].isspace() and " " not in barred:
        yield f"[{_SPACES}][^{shut}{_SPACES}TtBbLlRr]"


def integer(low: int, high: int) -> str:
    """Pattern of the whole numbers low … high, without leading zeros; 0 <= low <= high.

    integer(8, 123) -> "(?:[8-9]|[1-9][0-9]|1(?:[0-1][0-9]|2[0-3]))"
    """
    if not 0 <= low <= high:
        raise ValueError(f"integer({low}, {high})")
    branches = []
    while len(str(low)) < len(str(high)):
        branches.append(_digits(str(low), "9" * len(str(low))))
        low = 10 ** len(str(low))
    branches.append(_digits(str(low), str(high)))
    return f"(?:{'|'.join(branches)})"


def _digits(low: str, high: str) -> str:
    """Pattern of the numbers low … high, both of the same count of digits."""
    if not low:
        return ""
    rest = len(low) - 1
    first, last = int(low[0]), int(high[0])
    if first == last:
        return low[0] + _digits(low[1:], high[1:])
    branches = []
    if low[1:] != "0" * rest:
        branches.append(low[0] + _digits(low[1:], "9" * rest))
        first += 1
    upper = None
    if high[1:] != "9" * rest:
        upper = high[0] + _digits("0" * rest, high[1:])
        last -= 1
    if first <= last:
        branches.append(f"[{first}-{last}]" + "[0-9]" * rest)
    branches += [upper] if upper is not None else []
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


def quoted(inner: str) -> str:
    """`inner` in double quotes."""
    exact = f'"{inner}"'
    if f"{{0,{LONGEST_TEXT - 1}}}" not in inner:
        return exact
    # For a text that holds whatever JSON's strings hold, llguidance has its masks prepared.
    return remember(exact, lookahead=exact, wide=r'"[^"\\\x00-\x1f\x7f]+"')


def optional(pattern: str) -> str:
    """`pattern` or nothing."""
    return f"(?:{pattern})?"


def listed(item: str, separator: str = ", ", *, least: int = 1, most: int = 12) -> str:
    """`least` … `most` items with the separator between them."""
    return f"{item}(?:{literal(separator)}{item}){{{least - 1},{most - 1}}}"


def name(
    first: str = "A-Za-z",
    rest: str = "A-Za-z0-9_",
    *,
    last: str | None = None,
    except_for: Iterable[str] = (),
    beginnings: Iterable[str] = (),
    any_case: bool = False,
    longest: int = LONGEST_NAME,
) -> str:
    """Pattern of an identifier that is none of `except_for` and begins with no `beginnings`.

    first, rest, last: the insides of character classes of ASCII characters, in plain ranges;
    last, where given, is what the name may end with. any_case: the forbidden names are lower case
    and forbidden in capitals too, for the parsers that do not tell them apart.

    There is no lookaround in the dialect, so the forbidden names are spelled out as the tree of
    all names that leave them: "ab" is avoided by a name that does not begin with a, is just a,
    goes on after a with something other than b, or goes on after ab.
    """
    names = {each for each in except_for if len(each) <= longest}
    starts = set(beginnings)
    if not names and not starts and last is None:
        return f"[{first}][{rest}]{{0,{longest - 1}}}"
    words = frozenset(names | {each + _ANY_END for each in starts})
    exact = _name_outside(words, first, rest, last, any_case=any_case, longest=longest)
    ahead = _none_of(names, starts, rest, any_case=any_case)
    bound = longest - 1
    tail = f"[{rest}]{{0,{bound}}}" if last is None else _Tail(rest, last).of(0, bound)
    any_name = f"[{first}]{tail}"
    if last is not None:
        ends = "".join(sorted(_members(first) & _members(last)))
        any_name = f"(?:[{first}]{_Tail(rest, last).of(1, bound)}|{_class_of(frozenset(ends))})"
    return remember(
        exact,
        lookahead=f"(?:{ahead}{any_name})",
        wide=f"(?:[{first}][{rest}]*)",
        without=f"(?:{_none_of((), starts, rest, any_case=any_case)}{any_name})",
        words=names,
    )


def _none_of(names: Iterable[str], beginnings: Iterable[str], rest: str, *, any_case: bool) -> str:
    """Python's lookahead for "none of these names, and nothing that begins so"."""
    flag = "(?ai:" if any_case else "(?:"
    ahead = f"(?!{flag}{one_of(names)})(?![{rest}]))" if names else ""
    return ahead + (f"(?!{flag}{one_of(beginnings)}))" if beginnings else "")


@lru_cache(maxsize=256)
def _name_outside(
    words: frozenset[str], first: str, rest: str, last: str | None, *, any_case: bool, longest: int
) -> str:
    """A tree of thirty names takes milliseconds, and every line of a body asks for it again."""
    tail = _Tail(rest, last, any_case=any_case)
    return _names_outside(words, _members(first), tail, longest)


def name_but_keywords(
    keywords: Iterable[str],
    first: str = "A-Za-z_",
    rest: str = "A-Za-z0-9_",
    *,
    any_case: bool = False,
    longest: int = LONGEST_NAME,
) -> str:
    """Like name(except_for=keywords), for a few short keywords, in a third of its length.

    What follows the place where a name leaves the tree of keywords is written once, for all
    places; so names that leave it early are shorter than `longest` by the longest keyword.
    Keywords are words of `rest`; any_case: of lower case, and forbidden in capitals too.
    """
    words = frozenset(keywords)
    room = longest - max(map(len, words))
    left = _ways_to_leave(words, _members(first), _members(rest), any_case=any_case)
    whole = _parts_of_words(words & _starting_in(first, words), any_case=any_case)
    return remember(
        f"(?:{left}[{rest}]{{0,{room}}}{f'|{whole}' if whole else ''})",
        lookahead=f"(?:{_none_of(words, (), rest, any_case=any_case)}[{first}][{rest}]"
        f"{{0,{longest - 1}}})",
        wide=f"(?:[{first}][{rest}]*)",
    )


def _starting_in(first: str, words: frozenset[str]) -> frozenset[str]:
    members = _members(first)
    return frozenset(word for word in words if word[0] in members)


def _ways_to_leave(
    words: frozenset[str], here: frozenset[str], rest: frozenset[str], *, any_case: bool
) -> str:
    """Beginnings of names, each to the character with which it is none of the words any more."""
    starts = {word[0] for word in words if word} & here
    free = here - starts - ({start.upper() for start in starts} if any_case else set())
    branches = [_class_of(free)] if free else []
    for start in sorted(starts):
        longer = frozenset(word[1:] for word in words if len(word) > 1 and word[0] == start)
        branches.append(
            _letter(start, any_case=any_case)
            + _ways_to_leave(longer, rest, rest, any_case=any_case)
        )
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


def _parts_of_words(words: frozenset[str], *, any_case: bool) -> str:
    """The beginnings of words that are no words themselves; empty when there are none."""
    branches = []
    for start in sorted({word[0] for word in words if word}):
        suffixes = frozenset(word[1:] for word in words if word.startswith(start))
        longer = _parts_of_words(suffixes - {""}, any_case=any_case)
        letter = _letter(start, any_case=any_case)
        if "" not in suffixes:
            branches.append(f"{letter}{optional(longer)}" if longer else letter)
        elif longer:
            branches.append(f"{letter}{longer}")
    return f"(?:{'|'.join(branches)})" if branches else ""


def _letter(letter: str, *, any_case: bool) -> str:
    both = any_case and letter.isalpha()
    return f"[{letter}{letter.upper()}]" if both else literal(letter)


_ANY_END = "\0"
"""Behind a forbidden word: nothing may follow it either."""


class _Tail:
    """What follows the first character of a name."""

    def __init__(self, rest: str, last: str | None, *, any_case: bool = False) -> None:
        self.any_case = any_case
        self.members = _members(rest)
        self.ends = self.members if last is None else _members(last)
        self._rest, self._last = rest, last

    def of(self, least: int, most: int) -> str:
        """Pattern of least … most more characters, 0 <= least <= 1 <= most."""
        if self._last is None:
            return f"[{self._rest}]{{{least},{most}}}"
        whole = f"[{self._rest}]{{0,{most - 1}}}[{self._last}]"
        return whole if least else f"(?:{whole})?"


def _names_outside(words: frozenset[str], here: frozenset[str], tail: _Tail, room: int) -> str:
    """Names of 1 … room characters, the first from `here`, that are not in `words`."""
    branches: list[str] = []
    starts = {word[0] for word in words if word} & here
    free = here - starts
    if tail.any_case:
        free -= {start.upper() for start in starts}
    for group, least in ((free & tail.ends, 0), (free - tail.ends, 1)):
        if group and room > 1:
            branches.append(_class_of(group) + tail.of(least, room - 1))
        elif group and not least:
            branches.append(_class_of(group))
    for start in sorted(starts):
        branches += _names_after(start, words, tail, room)
    return f"(?:{'|'.join(branches)})" if branches else ""


def _names_after(start: str, words: frozenset[str], tail: _Tail, room: int) -> Iterator[str]:
    """Names that begin with `start`, with which some of `words` begin."""
    suffixes = frozenset(word[1:] for word in words if word.startswith(start))
    if _ANY_END in suffixes:
        return
    longer = frozenset(suffix for suffix in suffixes if suffix)
    after = ""
    if room > 1:
        after = (
            _names_outside(longer, tail.members, tail, room - 1) if longer else tail.of(1, room - 1)
        )
    may_stop = "" not in suffixes and start in tail.ends
    both = tail.any_case and start.isalpha()
    first = f"[{start}{start.upper()}]" if both else literal(start)
    if after and may_stop:
        yield f"{first}(?:{after})?"
    elif after or may_stop:
        yield f"{first}{after}"


def _members(class_inside: str) -> frozenset[str]:
    return frozenset(re.findall(f"[{class_inside}]", "".join(map(chr, range(128)))))


@lru_cache(maxsize=4096)
def _class_of(members: frozenset[str]) -> str:
    """Pattern of one of these ASCII characters, in ranges: a tree of names holds hundreds."""
    codes = sorted(map(ord, members))
    starts = [code for code in codes if code - 1 not in codes]
    stops = [code for code in codes if code + 1 not in codes]
    return f"[{''.join(map(_range, starts, stops))}]"


def _range(start: int, stop: int) -> str:
    """Inside of the class of the characters with the codes start … stop."""
    ends = [_escaped(chr(code)) for code in (start, stop)]
    return "-".join(ends) if stop > start + 1 else "".join(dict.fromkeys(ends))


def without_names(pattern: str) -> str:
    """The pattern with its named groups as plain ones."""
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


def loosened(pattern: str) -> str:
    """A pattern of all that this one matches and more, under which masks are quick to make.

    Free text may have any length – an automaton that counts 120 characters has 120 times the
    states of one that does not –, quoted text may hold anything but quotes, and names that were
    forbidden are not. What is generated so is checked, and if need be written again under the
    exact pattern (benchmarks/grammar_cost.py).
    """
    return widened(pattern).replace(f"{{0,{LONGEST_TEXT - 1}}}", "*")
