"""Every diagram type: its keyword, its names, and how people ask for it.

The rows are data for diagram_types.py. `detector` is the expression by which mermaid 12.3.0
recognises the type at the start of a text; the tests compare it with the library's verdict.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class DiagramType:
    """One family of Mermaid diagrams."""

    name: str
    """Naiad's name: the keyword to begin new diagrams with."""
    headers: tuple[str, ...]
    """Keywords Mermaid accepts at the start, `name` first."""
    title: str
    """English name, lower case, without article."""
    title_fr: str
    """French name, lower case, without article."""
    phrases: tuple[str, ...] = ()
    """Regular expressions, case ignored, of words that can only mean the diagram."""
    words: tuple[str, ...] = ()
    """Regular expressions of words that mean the diagram where one is asked for ("draw a
    timeline …"), and something else in a description."""
    notation: tuple[str, ...] = ()
    """Regular expressions, case kept, of Mermaid notation that only this type has."""
    detector: str = ""
    """Mermaid's expression when it is not just one of the headers as a prefix."""

    def begins(self, text: str) -> bool:
        """Whether Mermaid takes `text`, without leading blanks and comments, for this type."""
        if self.detector:
            return re.match(self.detector, text) is not None
        return text.startswith(self.headers)


_DIAGRAM = r"(?:diagram|chart|graph)s?"
_DIAGRAMME = r"(?:diagramme|graphique|graphe|sch[ée]ma)s?"
_D = r"(?:d'|de |des |du |de l'|en |à |a )?(?:l'|la |les )?"


def _c4(
    name: str,
    level: str,
    title_fr: str,
    phrases: tuple[str, ...] = (),
    notation: tuple[str, ...] = (),
) -> DiagramType:
    kind = name.removeprefix("C4")
    return DiagramType(
        name=name,
        headers=(name,),
        title=f"C4 {level} diagram",
        title_fr=f"diagramme C4 {title_fr}",
        phrases=(
            rf"C4[\s-]?(?:model )?(?:system )?{kind}\b",
            rf"\b{kind}(?:[- ]level)? C4\b",
            rf"\bC4\b[^.\n]{{0,30}}\b{kind}(?:[- ]level| diagram)",
            rf"\b{_DIAGRAMME} C4 {_D}{title_fr.split()[-1]}",
            *phrases,
        ),
        notation=notation,
    )


TABLE: tuple[DiagramType, ...] = (
    DiagramType(
        "flowchart",
        ("flowchart", "graph", "flowchart-elk"),
        "flowchart",
        "organigramme de flux",
        phrases=(
            r"\bflow[- ]?charts?\b",
            r"\b(?:process[- ])?flow diagrams?\b",
            r"\bgraph (?:TD|TB|LR|RL|BT)\b",
            r"\b(?:workflow|data[- ]?flow|process|decision) (?:diagram|chart|graph)s?\b",
            r"\bdecision tree\b",
            rf"\b{_DIAGRAMME} {_D}flux\b",
            r"\b(?:organigramme|logigramme|ordinogramme)s?\b",
            rf"\b{_DIAGRAMME} {_D}(?:processus|décision|activités?)\b",
        ),
        words=(r"\b(?:directed )?graph\b", r"\bworkflow\b", r"\bflow of\b"),
        notation=(
            r"@\{\s*shape:",
            r"\bsubgraphs?\b",
            r"\blinkStyle\b",
            r"-->\|",
        ),
    ),
    DiagramType(
        "sequenceDiagram",
        ("sequenceDiagram",),
        "sequence diagram",
        "diagramme de séquence",
        phrases=(
            rf"\bsequence[- ]?{_DIAGRAM}\b",
            r"\bsequenceDiagram\b",
            r"\bmessage sequence charts?\b",
            rf"\b{_DIAGRAMME} {_D}s[ée]quences?\b",
        ),
        notation=(r"-?->>[+-]?",),
    ),
    DiagramType(
        "classDiagram",
        ("classDiagram", "classDiagram-v2"),
        "class diagram",
        "diagramme de classes",
        phrases=(
            rf"\b(?:UML )?class[- ]?{_DIAGRAM}\b",
            r"\bclassDiagram\b",
            rf"\b{_DIAGRAMME} (?:UML )?{_D}classes?\b",
        ),
        notation=(r"<\|--|--\|>",),
    ),
    DiagramType(
        "stateDiagram-v2",
        ("stateDiagram-v2", "stateDiagram"),
        "state diagram",
        "diagramme d'états",
        phrases=(
            rf"\bstate(?:[- ]?(?:machine|transition))?[- ]?{_DIAGRAM}\b",
            r"\bstateDiagram(?:-v2)?\b",
            r"\bstatecharts?\b",
            rf"\b{_DIAGRAMME} {_D}(?:machine à |transitions? d')?[ée]tats?(?:-transitions?)?\b",
        ),
        words=(r"\bstate machine\b", r"\b(?:machine|automate) à états\b"),
        notation=(
            r"\[\*\]",
            r"<<(?:fork|join|choice)>>",
            r"\bcomposite states?\b",
        ),
    ),
    DiagramType(
        "erDiagram",
        ("erDiagram",),
        "entity relationship diagram",
        "diagramme entité-association",
        phrases=(
            rf"\bE[-/]?R[- ]?(?:{_DIAGRAM}|model|schema)\b",
            r"\bERDs?\b",
            r"\berDiagram\b",
            r"\bentity[- /–]*relation(?:ship)?s?\b",
            r"\b(?:entités?[- /]*(?:relations?|associations?))\b",
        ),
        words=(r"\bdatabase schema\b", r"\bschéma de (?:la )?base de données\b"),
        notation=(
            r"[|}][|o](?:--|\.\.)|(?:--|\.\.)[|o][|{]",
            r"\b[Cc]row\W?s[- ][Ff]oot\b",
        ),
    ),
    DiagramType(
        "gantt",
        ("gantt",),
        "Gantt chart",
        "diagramme de Gantt",
        phrases=(rf"\bgantt[- ]?{_DIAGRAM}\b", rf"\b{_DIAGRAMME} {_D}gantt\b"),
        words=(r"\bgantt\b",),
    ),
    DiagramType(
        "pie",
        ("pie",),
        "pie chart",
        "diagramme circulaire",
        phrases=(
            rf"\bpie[- ]?{_DIAGRAM}\b",
            r"\bcamemberts?\b",
            rf"\b{_DIAGRAMME} (?:circulaire|(?:en )?camembert|{_D}secteurs)s?\b",
        ),
        words=(r"\bpie\b(?= (?:showing|of|titled|with|for)\b)",),
    ),
    DiagramType(
        "journey",
        ("journey",),
        "user journey",
        "parcours utilisateur",
        phrases=(
            r"\b(?:user|customer|client|patient|employee)[- ]journeys?\b",
            rf"\bjourney (?:map|{_DIAGRAM})\b",
            r"\bparcours (?:de l'|du |d'un |des )?(?:utilisateur|client|patient|usager)s?\b",
            rf"\b{_DIAGRAMME} {_D}parcours\b",
        ),
        words=(r"\bjourney\b",),
    ),
    DiagramType(
        "gitGraph",
        ("gitGraph",),
        "Git graph",
        "graphe Git",
        phrases=(
            rf"\bgit[- ]?(?:commit |branch(?:ing)? |flow |history )?{_DIAGRAM}\b",
            rf"\b(?:commit|branch(?:ing)?)(?: history)? {_DIAGRAM}\b",
            rf"\b{_DIAGRAMME} {_D}(?:commits|branches )?{_D}git\b",
        ),
        words=(r"\bgit (?:history|branch(?:es|ing)?|workflow|repository)\b", r"\bhistorique git\b"),
    ),
    DiagramType(
        "mindmap",
        ("mindmap",),
        "mind map",
        "carte mentale",
        phrases=(
            r"\bmind[- ]?map(?:s|ping)?\b",
            r"\bcartes? (?:mentale|heuristique)s?\b",
        ),
        words=(r"\bconcept map\b", r"\bcarte conceptuelle\b"),
    ),
    DiagramType(
        "timeline",
        ("timeline",),
        "timeline",
        "frise chronologique",
        phrases=(
            rf"\btime[- ]?line {_DIAGRAM}\b",
            r"\bfrises? (?:chronologique|temporelle)s?\b",
            rf"\b{_DIAGRAMME} chronologique\b",
        ),
        words=(r"\btime[- ]?line\b", r"\bchronologie\b", r"\bligne d[eu] temps\b"),
    ),
    DiagramType(
        "quadrantChart",
        ("quadrantChart",),
        "quadrant chart",
        "graphique en quadrants",
        phrases=(
            rf"\b(?:four-)?quadrant[- ]?(?:{_DIAGRAM}|matrix)\b",
            r"\bquadrantChart\b",
            rf"\b(?:{_DIAGRAMME}|matrice) {_D}(?:quatre )?quadrants?\b",
        ),
        words=(r"\b(?:2x2|priority|priori[st]ation|eisenhower) matrix\b", r"\bquadrants?\b"),
        notation=(
            r"\bquadrant-[1-4]\b",
            r"\[\s*[01]?\.\d+\s*,\s*[01]?\.\d+\s*\]",
        ),
    ),
    DiagramType(
        "requirementDiagram",
        ("requirementDiagram", "requirement"),
        "requirement diagram",
        "diagramme d'exigences",
        phrases=(
            rf"\b(?:SysML )?requirements?[- ]?{_DIAGRAM}\b",
            r"\brequirementDiagram\b",
            rf"\b{_DIAGRAMME} {_D}exigences?\b",
        ),
        notation=(
            r"\b(?:functional|performance|interface|physical)Requirement\b",
            r"\bdesignConstraint\b",
        ),
    ),
    _c4(
        "C4Context",
        "context",
        "de contexte",
        (rf"\bsystem context {_DIAGRAM}\b", rf"\bC4 (?:model|{_DIAGRAM})\b"),
        (r"\bSystem(?:Db|Queue)?_Ext\(",),
    ),
    _c4(
        "C4Container",
        "container",
        "de conteneurs",
        notation=(r"\bContainer(?:Db|Queue)?(?:_Ext)?\(",),
    ),
    _c4(
        "C4Component",
        "component",
        "de composants",
        notation=(r"\bComponent(?:Db|Queue)?(?:_Ext)?\(",),
    ),
    _c4("C4Dynamic", "dynamic", "dynamique"),
    _c4(
        "C4Deployment",
        "deployment",
        "de déploiement",
        (rf"\bdeployment {_DIAGRAM}\b",),
        (r"\bDeployment_Node\(",),
    ),
    DiagramType(
        "sankey-beta",
        ("sankey-beta", "sankey"),
        "Sankey diagram",
        "diagramme de Sankey",
        phrases=(r"\bsankey\b",),
    ),
    DiagramType(
        "xychart-beta",
        ("xychart-beta", "xychart"),
        "XY chart",
        "graphique XY",
        phrases=(
            rf"\bx-?y[- ]?{_DIAGRAM}\b",
            r"\b(?:bar|line|column)[- ]?(?:and[- ](?:bar|line)[- ])?(?:chart|graph|plot)s?\b",
            r"\b(?:histogramme|diagramme en b[âa]tons)s?\b",
            rf"\b{_DIAGRAMME} (?:XY|{_D}(?:barres|lignes?|courbes?|colonnes))\b",
        ),
        words=(r"\bcourbe\b",),
    ),
    DiagramType(
        "block-beta",
        ("block-beta", "block"),
        "block diagram",
        "diagramme de blocs",
        phrases=(
            rf"\bblocks?[- ]?(?:beta )?{_DIAGRAM}\b",
            rf"\b{_DIAGRAMME} {_D}blocs?\b",
            r"\bsch[ée]mas?[- ]blocs?\b",
        ),
        notation=(r"\b[Bb]lock ?[Aa]rrows?\b",),
    ),
    DiagramType(
        "packet-beta",
        ("packet-beta", "packet"),
        "packet diagram",
        "diagramme de paquet",
        phrases=(
            rf"\b(?:network )?packet[- ]?(?:beta )?(?:header |structure |layout )?{_DIAGRAM}\b",
            rf"\b{_DIAGRAMME} {_D}(?:paquet|trame)s?\b",
        ),
        words=(r"\bpacket (?:structure|layout|format|header)\b",),
    ),
    DiagramType(
        "kanban",
        ("kanban",),
        "Kanban board",
        "tableau Kanban",
        phrases=(rf"\bkanban[- ]?(?:board|{_DIAGRAM})\b", r"\btableau(?:x)? kanban\b"),
        words=(r"\bkanban\b",),
    ),
    DiagramType(
        "architecture-beta",
        ("architecture-beta", "architecture"),
        "architecture diagram",
        "diagramme d'architecture",
        phrases=(
            rf"\b(?:(?:cloud|system) )?architecture[- ]?(?:beta )?{_DIAGRAM}\b",
            rf"\b{_DIAGRAMME} {_D}architecture\b",
        ),
        words=(r"\b(?:cloud|system|service) architecture\b", r"\barchitecture\b"),
        notation=(
            r":[LRTB]\W{0,3} *<?--?>? *\W{0,3}[LRTB]:",
            r"\b[Jj]unctions?\b.{0,40}\b[Ss]ervices?\b",
            r"\b[Ss]ervices?\b.{0,200}\b[Jj]unctions?\b",
        ),
    ),
    DiagramType(
        "zenuml",
        ("zenuml",),
        "ZenUML sequence diagram",
        "diagramme de séquence ZenUML",
        phrases=(rf"\bzen[- ]?uml(?:[- ](?:sequence[- ]?)?{_DIAGRAM})?\b",),
        notation=(r"@(?:return|Starter)\b",),
    ),
    DiagramType(
        "radar-beta",
        ("radar-beta",),
        "radar chart",
        "diagramme en radar",
        phrases=(
            rf"\b(?:radar|spider|polar|kiviat)[- ]?{_DIAGRAM}\b",
            rf"\b{_DIAGRAMME} {_D}(?:radar|kiviat|toile d'araignée)\b",
        ),
        words=(r"\bradar\b",),
    ),
    DiagramType(
        "treemap-beta",
        ("treemap-beta", "treemap"),
        "treemap",
        "carte proportionnelle",
        phrases=(r"\btree[- ]?maps?\b", r"\bcartes? proportionnelles?\b"),
    ),
    DiagramType(
        "treeView-beta",
        ("treeView-beta",),
        "tree view",
        "arborescence",
        phrases=(rf"\btree[- ]?view\b(?: {_DIAGRAM})?", r"\b(?:directory|folder|file) tree\b"),
        words=(r"\barborescence\b",),
    ),
    DiagramType(
        "venn-beta",
        ("venn-beta",),
        "Venn diagram",
        "diagramme de Venn",
        phrases=(rf"\bvenn[- ]?{_DIAGRAM}\b", rf"\b{_DIAGRAMME} {_D}venn\b"),
    ),
    DiagramType(
        "wardley-beta",
        ("wardley-beta",),
        "Wardley map",
        "carte de Wardley",
        phrases=(r"\bwardley[- ]?maps?\b", r"\bcartes? (?:de )?wardley\b"),
        detector=r"(?i:wardley-beta)",
    ),
    DiagramType(
        "ishikawa-beta",
        ("ishikawa-beta", "ishikawa"),
        "Ishikawa diagram",
        "diagramme d'Ishikawa",
        phrases=(
            rf"\b(?:ishikawa|fish[- ]?bone|cause[- ]and[- ]effect) {_DIAGRAM}\b",
            rf"\b{_DIAGRAMME} {_D}(?:ishikawa|causes et effets|arêtes de poisson)\b",
        ),
        detector=r"(?i:ishikawa(?:-beta)?\b)",
    ),
    DiagramType(
        "eventmodeling",
        ("eventmodeling",),
        "event model",
        "modèle d'événements",
        phrases=(rf"\bevent[- ]?model(?:l?ing)?(?:[- ]{_DIAGRAM})?\b",),
    ),
    DiagramType(
        "swimlane-beta",
        ("swimlane-beta",),
        "swimlane diagram",
        "diagramme en couloirs",
        phrases=(
            rf"\bswim[- ]?lanes? (?:{_DIAGRAM}|flowchart)\b",
            rf"\b{_DIAGRAMME} {_D}couloirs\b",
        ),
        detector=r"swimlane-beta\b",
    ),
    DiagramType(
        "usecase-beta",
        ("usecase-beta",),
        "use case diagram",
        "diagramme de cas d'utilisation",
        phrases=(
            rf"\buse[- ]?cases? {_DIAGRAM}\b",
            rf"\b{_DIAGRAMME} {_D}cas d'(?:utilisation|usage)\b",
        ),
        detector=r"usecase-beta(?:\s|$)",
    ),
    DiagramType(
        "cynefin-beta",
        ("cynefin-beta",),
        "Cynefin framework",
        "cadre Cynefin",
        phrases=(r"\bcynefin\b",),
        detector=r"cynefin-beta(?:[\s:]|$)",
    ),
    DiagramType(
        "agentflow-beta",
        ("agentflow-beta",),
        "agent flow",
        "flux d'agents",
        phrases=(rf"\bagent[- ]?flow(?: {_DIAGRAM})?\b",),
        detector=r"agentflow-beta\b",
    ),
    DiagramType(
        "railroad-beta",
        ("railroad-beta",),
        "railroad diagram",
        "diagramme syntaxique",
        phrases=(rf"\b(?:railroad|syntax) {_DIAGRAM}\b", rf"\b{_DIAGRAMME} syntaxique\b"),
        detector=r"(?i:railroad-beta)",
    ),
    DiagramType(
        "railroad-ebnf-beta",
        ("railroad-ebnf-beta",),
        "railroad diagram of EBNF",
        "diagramme syntaxique EBNF",
        detector=r"(?i:railroad-ebnf-beta)",
    ),
    DiagramType(
        "railroad-abnf-beta",
        ("railroad-abnf-beta",),
        "railroad diagram of ABNF",
        "diagramme syntaxique ABNF",
        detector=r"(?i:railroad-abnf-beta)",
    ),
    DiagramType(
        "railroad-peg-beta",
        ("railroad-peg-beta",),
        "railroad diagram of PEG",
        "diagramme syntaxique PEG",
        detector=r"(?i:railroad-peg-beta)",
    ),
    DiagramType("info", ("info",), "Mermaid's version", "version de Mermaid"),
)
