"""One typesetter for every page that we make ourselves (design.md D16).

1. Data reach a template as one JSON value in `sys.inputs.data`; nothing is ever spliced into
   typst source, so a name that looks like markup stays a name.
2. Times New Roman is what Nghị định 30/2020 names (Phụ lục I, Phần I, mục I). It is used where
   the machine has it, else a face of the same widths, else Libertinus Serif, which the compiler
   carries itself: each of them draws all 134 Vietnamese letters in four styles. Tinos is tried
   before Liberation Serif, because version 1.07 of the latter, still shipped by Debian as
   fonts-liberation, lacks 92 of them.
3. Templates are files of ours below the folder they are read from. No network, no packages.
4. A document is tagged PDF/A-2b on request; an appearance is a bare PDF without tags, because
   its page becomes a form XObject and marked content would point into a structure tree that
   does not come along.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import typst

FACES = ("Times New Roman", "Tinos", "Liberation Serif", "Libertinus Serif")
TEMPLATES = Path(__file__).parent / "typst"

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"


class Typesetter:
    """Turns a template and data into a PDF. Thread-safe; about 2 ms once warm."""

    def __init__(self, *, machine_fonts: bool = True) -> None:
        self._fonts = typst.Fonts(include_system_fonts=machine_fonts)
        families = set(self._fonts.families())
        self.faces = tuple(face for face in FACES if face in families)
        """The faces that this machine really has, best first; never empty."""
        self._compilers: dict[Path, typst.Compiler] = {}
        # A compiler keeps its last inputs: one document at a time in each.
        self._lock = threading.Lock()

    def typeset(
        self,
        template: Path,
        data: Mapping[str, Json],
        *,
        archival: bool = False,
        at: datetime | None = None,
    ) -> bytes:
        """Return the PDF that `template` makes of `data`.

        Args:
            template: A `.typ` file; it may import its neighbours.
            data: What the template reads; `faces` is added.
            archival: Tagged PDF/A-2b instead of a bare PDF.
            at: Creation time to write (timezone-aware); the same data and time give the same
                bytes. `None` is the present.

        Raises:
            typst.TypstError: the template is broken: our fault, not the reader's.
            TypeError: typst changed what it answers.

        """
        inputs = {"data": json.dumps({**data, "faces": self.faces}, ensure_ascii=False)}
        with self._lock:
            compiler = self._compiler(template.parent)
            made = compiler.compile(
                template,
                format="pdf",
                sys_inputs=inputs,
                pdf_standards=["a-2b"] if archival else ["1.7"],
                pdf_tags=archival,
                timestamp=at,
            )
        if not isinstance(made, bytes):  # one document, no output path: always bytes
            raise TypeError(f"typst answered {type(made).__name__} for {template.name}")
        return made

    def query(self, template: Path, data: Mapping[str, Json], label: str) -> Json:
        """Return the values of all `metadata` elements labelled `label` (`<name>`)."""
        inputs = {"data": json.dumps({**data, "faces": self.faces}, ensure_ascii=False)}
        # `query` takes no inputs of its own, so this compiler is used once.
        found = typst.query(
            template,
            label,
            field="value",
            root=template.parent,
            font_paths=self._fonts,
            ignore_system_fonts=True,
            sys_inputs=inputs,
        )
        value: Json = json.loads(found)
        return value

    def _compiler(self, root: Path) -> typst.Compiler:
        known = self._compilers.get(root)
        if known is None:
            known = typst.Compiler(root=root, font_paths=self._fonts, ignore_system_fonts=True)
            self._compilers[root] = known
        return known
